"""Scenes between two people, about work and about each other; hiring; and the meeting of the whole company."""

ONE_ON_ONE = """
# first
A: {How are you|So, how are you doing}? {Really, I mean|And I don't mean the project}.
B: {Okay, I think|Good, mostly|A bit tired, to be honest}. {It's been a long week|The last two weeks were a
  lot|The evenings are getting longer, that helps}.
A: {What made it long|What's been taking your energy}?
B: {Mostly <thing>|The back and forth around <thing>}. {It's not hard, it's just never finished|I do one
  thing, and then <trouble>, and I start over}.
A: {I noticed|Yeah, I could see that}. {Is there something I can take off you|What would help right now}?
B: {Maybe one quiet day|If I could have <weekday> without meetings}. {That would already do a lot|I'd get
  the <part> done in one go}.
A: {Take it|You don't need to ask}. {Block the day, and if somebody complains, send them to me|I'll tell
  the others}.
B: {Thank you|Okay. I will, then}.

A: {I've got some feedback for you.|Can I give you some feedback?} {It's good, don't worry|Mostly good}.
B: {Okay|Uh-oh. Go on|Sure}.
A: {The way you explained <thing> to <customer> was excellent|I liked how you handled the <part>}. {You
  said what you knew and what you didn't|They understood it, and they didn't feel stupid}.
B: {Oh. Thanks|That means a lot}. {I was nervous|I practised that in front of my partner}.
A: {It didn't show|Nobody could tell}. {And one thing you could do more|One thing to try}: {say no
  earlier|speak up sooner}. {When the plan changed, you knew on <weekday> that it wouldn't work|You saw
  that <risk>, and you only told me afterwards}.
B: {That's true|Yes. I didn't want to be the one who complains}.
A: {It isn't complaining|I'd rather hear it twice}. {It's the most useful thing you can tell me|That's what
  I need you for}.
B: {Okay|I'll try|Fair}. {I'll remind myself|Remind me if I don't}.

B: {I wanted to ask about|There's something I'd like to talk about}. {Where I go from here|What my next
  step could be}.
A: {Sure|Good that you bring it up}. {What do you have in mind|What would you like}?
B: {I enjoy <doing>|I like the technical part}, {but I'd like to decide more|and I'd like to lead something
  small}. {Not people, yet|Maybe with one or two others}.
A: {I can see that|That fits}. {What about <thing>?|You could take <thing>.} {All of it, including the plan
  and talking to <customer>|From the plan to the party afterwards}.
B: {All of it|Really}? {I'd like that|That scares me a bit, in a good way}.
A: {You'd have <name> next to you|I'd be there, but in the back}. {And we look at it every two weeks,
  here|And it's fine if the first plan is wrong}.
B: {Okay|Then yes}. {Let me write down how I'd start.|Can I sleep on it until <weekday>?}
A: {Of course|Please do}.

A: {How's it going with <name>|And how is it working with <name>}? {Last time you said it was difficult|You
  two had some friction}.
B: {Better|It's better now}. {We had lunch|I did what you said and just asked}. {It turns out we both
  thought the other one had <thing>|We had two different pictures of the <part>}.
A: {That happens more often than people think|Classic}. {And now|So who has it}?
B: {I do the <part>, and <name> does the rest|We wrote it down}. {Since then it's quiet|It's almost fun now}.
A: {I'm glad|Good}. {That was the hard part, going there|Well done, that isn't easy}.
B: {It was one coffee|I should have done it a month ago}.
A: {It's always one coffee|That's what everybody says afterwards}.

B: {Holidays|About my holiday}. {I'd like to take two weeks in <month>|I was thinking of the second half of
  <month>}. {1~Is that a problem for the release|Does that work}?
A: {1~No, not at all|It does}. {Who knows <thing> when you're away|What happens to <thing>}?
B: {<name> knows the <part>|I'd write it down}. {We'd do it together the week before|And I'd leave a page}.
A: {Then enjoy it|Good. Go}. {And leave the laptop at home|Without the laptop, please}.
B: {I'll try|I promise}. {There's no signal there anyway|My family would throw it in the lake}.
A: {Perfect|I like your family}.

A: {What should I do differently|One question I ask everybody}: {what should I stop doing|what am I getting
  wrong}?
B: {Hmm.|Honestly?} {1~Sometimes you change the order of things in the middle of the week|You answer
  messages at eleven at night}. {1~I know why, but then I start to wonder what counts|You don't expect an
  answer, but I lie there and think about it}.
A: {Okay. That's fair|Ouch. But thank you}. {1~I thought I was being quick|I didn't see that}.
B: {It's not dramatic|It's a small thing}.
A: {No, it's good|Still}. {1~I'll keep new ideas for <weekday>|I'll send them in the morning}. {And if I
  forget, tell me|Hold me to it}.
B: {Deal|I will}.

A: {Let's talk about money for a minute|One formal thing}. {The round is in <month>|Salaries are reviewed
  in <month>}, {and I'd like to know what you expect|and I want to prepare that properly}.
B: {I've not thought about a number|I looked around a bit}. {I'd want it to reflect that I've got <thing>
  now|What matters to me is that it's fair}.
A: {That's reasonable|I think so too}. {I can't promise anything today|I'll put it forward}, {but I can
  tell you what I'm going to argue|and you'll hear from me before it's decided}.
B: {Okay|Thank you for being open about it}.
"""

HIRING = """
# first
A: {So, the candidate from <weekday>|Okay, the conversation on <weekday>}. {First impressions|Thumbs up,
  thumbs down}? @B?
B: {Up|Up, with a small question mark}. {We talked about <thing>, without the details of course|I gave our
  example with the <part>}, and {the questions were better than mine|it took about a minute until the real
  problem was on the table}.
C: {I was less sure|I'm in the middle}. {When I asked about working with others, it was always I and never
  we|The answers were good, but very fast}.
A: {Nervous, maybe.|Could be nerves?}
C: {Could be|Maybe}. {I'd want to see that again|I wouldn't say no because of it}.
B: {That's a good point|I didn't notice that}. {In my part it was the other way round|I'd ask for a
  reference}.
A: {Then let's do one more short conversation|Okay, one more call, with <name>}. {Just about that|Forty
  minutes, about teamwork}.
C: {Good|I'd like that}.

A: {What do we actually need|Before we argue about people, what are we looking for}? {Somebody for <thing>,
  or somebody for the next thing|Is it somebody for the <part>}?
B: {For me it's somebody who's done something like the <part> before|We need somebody who finishes things}.
C: {I'd rather have somebody who writes well|And who asks questions}. {The rest you can learn in <few>
  months|Tools change anyway}.
A: {Would you say that about <thing>, too|Even for that}?
C: {Even there|Yes}. {Half of the work is finding out why <trouble>|That's mostly talking to people}.
B: {Okay, that's true|I can't argue with that}.
A: {So experience is nice, and curiosity is a must|Then I'll rewrite the text}. {I'll send you a version by
  <weekday>|You'll get it tomorrow}.

B: {We should be quick|One thing about timing}. {There's another offer until <weekday>|I heard there's
  another company}.
A: {How do you know|Who said that}?
B: {It came up at the end|In the mail this morning}. {Very friendly, no pressure|Without pushing}.
A: {Then let's decide by <weekday>|Okay. I can do the call tomorrow}. {@C, is that too fast for you|@C,
  would you be all right with that}?
C: {No|If we do the second conversation before, yes}. {I'd rather be quick than sorry|Just don't skip it}.
A: {We won't|Promise}.

C: {The task.|Can I say something about the task?} {It took everybody five hours, we say it's two|Nobody
  finishes it}.
A: {Nobody|Is that so}?
C: {<few> of the last six|I asked the last few}. {That's not fair to people with kids|We're testing who has
  a free Sunday}.
B: {Let's make it smaller|We could look at a finished piece together}. {A real one, from <thing>|Something
  like the <part>}. {An hour, in the call|And talk about it}.
A: {I like that much more|Yes}. {Could you two prepare that|Who writes it}?
B: {I'll do it|Me}. {@C, you try it out|And @C is the guinea pig}?
C: {Happy to|Deal}.
"""

ALL_HANDS = """
# first
A: {Let me give you the picture in five minutes|I'd like to start with where we stand}. {We've had a good
  <month>, not a perfect one|The short version is: better than planned}. {We won <few> new customers, among
  them <customer>, and we lost one, which I'll come back to|Revenue is <percent> percent above last year,
  and the number I like even more is that fewer people leave us}. {What made the difference was <thing>|A
  lot of that comes down to <thing>}. {When I visit people, they tell me that <gain>|It sounds small, but
  <gain>}, {and that's the kind of sentence you can't buy|and you can't put that on a slide}. {Thank you
  for that|So, thank you}.
B?: {Thank you|Nice}.

A: {@B, do you want to say something about <thing>?|I'd like @B to say a few words about <thing>.}
B: {Gladly|Sure}. {For those who don't know it|Quick background}: {until <month>|for years}, <trouble>.
  {That cost people in <city> about an hour a day|Everybody had learned to live with it}. {It happened
  because <cause>|The reason was boring}: <cause>. {So we sat down and decided to <fix>|What we did was
  simple, in the end}. I <done>, {<name> did the other half|and three others did the rest}, and {since
  <weekday> it's live everywhere|now it's in all depots}. {What I'm proud of is that nobody noticed the
  switch|The nicest moment was a message from <city> that just said thanks}.
A: {That's wonderful|Thank you, @B}. {A round of applause|I wish you could hear the applause}.
C?: {Well done|Bravo}.

C: {There's a question in the chat|I've got a question from the chat}: <ask>
A: {Good question|Yes}. @B, {can you take that?|that's for you.}
B: {Sure|Yes}. <answer> {There's a page about it, I'll post the link|Ask me any time if you want to know
  more}.
C: {Thanks|Perfect}.

# once
A: {Now the part that's less nice|I don't want to skip the hard part}. {We lost <customer> last
  month|<customer> is leaving us}. {I spoke to them for an hour, and I want to tell you what they said|I
  asked them why, and they were very fair}. {They like the people, they like the product, but <trouble>|It
  wasn't the price. It's about <thing>, and they said, I quote, <trouble>}. {And we'd known that for a long
  time|They told us three times}. {We didn't listen well enough, and that starts with me|I take that
  personally, not because of the money}. {So what we'll do is to <fix>|The first thing we change is simple.
  We're going to <fix>}, {and I'll call every customer who ever mentioned it|before we start anything new}.
B: {I think that's the right thing.|Can we help with the calls?}
A: {Please|Yes, absolutely}. {Whoever wants to listen in, write to me|We'll share them out}.

# once
C: {May I ask something|I've got one}: {are we hiring this year|will there be new people}?
A: {Yes, but carefully|A few}. {<few> people, two of them in <city>|One for support, and <few> for the
  product}. {I don't want to grow faster than we can look after each other|I'd rather be one too few than
  three too many}.
C: {Okay, thanks|That's good to hear}.
B?: {And the office|What about the bigger office}?
A+: {The landlord says <month>|We sign next week}. {I believe it when I've got the key|Don't pack yet}.
"""
