"""Scenes of stand-ups, planning meetings and retrospectives."""

STANDUP = """
A: @B, {what's on your list|what are you up to}?
B: {Two things|Mostly one thing}. {First|For one}, the <part>, {that's nearly done|I'm in the last ten
  percent, you know how that is}. {Then I promised <name> to|And I'd like to} <fix>.
A: {Which of the two is more urgent|Both today}?
B: {The <part>|The first one}. {<customer> is waiting for it|It's for <thing>, and that's due on <weekday>}.
A: {Good|Okay, makes sense}.

A: {And you, @B|@B, what about <thing>}?
B: {Slow|It goes}. {I spent yesterday understanding why <trouble>|Yesterday I only read}. {The good thing
  is, now I know|It's because <cause>, by the way}.
C: {Oh, is that why|I always wondered}.
B: {Yes. It's almost beautiful|I can show you}. {Today I'll write the first half|Today it's <doing>}.
A: {Nice|Great}. {Write that down somewhere|Tell the others on <weekday>}.

A: @B, {good morning.|anything from you?}
B: {Morning. Review day for me|I'm helping @C today}. {I looked at the change to the <part>, and I left
  <few> comments|We sit together on the <part>}. {Small ones|None of them is bad}.
C: {I saw them, thanks|They were good}. {The second one made me think|I've changed most of it already}.
B: {Sorry.|Good or bad?}
C: {Good. Very good|No, no, you were right}.
A: {Lovely|That's how it should be}.

A: @B, {how about you?|over to you.|you're next.}
B: {Sure|Yep|Okay}. {Yesterday|Since yesterday} I <done>. {Today it's <doing>|Today it's more of the same,
  and then the <part>}. {No blockers|Nothing in the way|One small blocker, I'm waiting for <name>}.
A: {Thanks|Great|Good}. {Is that about <thing>|That's still <thing>, right}?
B: {Yes, exactly|Yes, the <part> mostly|It is}.

A: {Who's next? @B?|@B?}
B: {I'm on <thing>|Still <thing> for me}. {I <done>, which took longer than it should have|The <part> is
  done, I think}. {What I found is that <cause>|And I finally know why <trouble>}.
A~: {Ah|Okay}.
B: {So today I'll <fix>|So my plan for today is to <fix>}. {Should be done by tomorrow|I hope to show it
  tomorrow}.
C?: {Ping me when it's up, I want to look at it|I can review that}.
B?: {Will do|Thanks, @C}.

A: {Okay, @B, go ahead|Next, @B}.
B: {Short one from me|Very short}. {Yesterday was meetings, mostly|I was in <city> yesterday}. {Today I'm
  back at <thing>|Today I pick up <thing> again}, {and I'd like to get the <part> done|starting with the
  <part>}.
A: {Do you need a hand|Anything you need}?
B: {Maybe tomorrow|Not today, thanks|A review from @C would be nice}.

B: {From my side|I'll go}: {bad day yesterday|not my best day}, {because of|and it was} <thing>. {It's
  still that|The old story}, <trouble>, and I {spent the afternoon on it|couldn't reproduce it}.
C: {Is that the one from <customer>|Is that what <customer> wrote about}?
B: {Yes. Same one|Exactly}.
C: {1~Try it with the data from <city>|I can show you how I got it last time}. {1~There I get it every
  time|It needs about ten minutes}.
B: {Oh, really? Great|That would help}. {Right after this?|Let's do that after the stand-up.}
C: {Sure|Yes}.
A: {Good, you two sort it out|Okay. Park it there}.

A: {@B, you're on support this week|How's support, @B}?
B: {Quiet|Busy}. {<few> tickets since yesterday|A handful}, {most of them|all but one} about <thing>.
  {People say that|It's still that} <trouble>.
A: {Anything urgent|Something we should drop things for}?
B: {No|Not yet}. {I told them what to do in the meantime|<customer> would like a call, I'll do that at
  <time>}.
A: {Thanks. You're doing that really well|Good, thank you}.

# last
A: {I'll go last|And from me}. {I was mostly preparing <weekday>|I talked to <customer> yesterday}. {They
  asked about <thing>|The question was when <thing> is ready}, and I {said the <day>|didn't promise
  anything before the <day>}.
B: {The <day> is tight|Good. The <day> is tight}.
A: {Tight or impossible|What would you say}?
B: {Tight|Tight, but possible}. {If the <part> behaves|If nobody's ill}.
A: {Okay, I'll keep that in mind|Good. Then we leave it like that}.
"""

PLANNING = """
A: {Next ticket|Next one}: <thing>, the <part>. {Who wants to explain it|@B, can you say what it's about}?
B: {Sure|Yes}. {At the moment|Today}, <trouble>. {The idea is to|We'd like to} <fix>, so that <gain>.
C: {Is that everything|Does that include the <part.2>}?
B: {No, that's a separate one|Only the <part>}. {I'd keep them apart|Otherwise it never ends}.
A: {Okay. Estimates, please|Then let's estimate}. {On three. One, two, three.|Everybody got a number?}
B: {Three|Five}.
C: {Eight|Two}.
A: {That's quite a gap|Okay, that's not the same number}. {@C, why|@C, you first}?
C: {Because of the <part.2>. I don't believe we can leave it out|I was thinking of the tests|Maybe I'm
  missing something. I thought <cause>}.
B: {That's fair|Ah, right}. {I forgot that|With that it's more, yes}.
A: {So five|Shall we say five}?
C: {Five is okay|Yes, five}.
B: {Five|Fine}.

A: {How much room do we have left|What's our capacity}? {@C is away on <weekday>|There's a holiday in the
  middle}, {and <name> is half with the other team|so it's really nine days}.
B: {About <few> days, then|I'd plan <few> days less}.
C: {And we always forget support|And somebody's on call}.
A: {Right, support|True}. {Then one of these has to go|So we can't do all of it}: <thing> {or|, or} {the
  small stuff|the things on the second page}.
B: {I'd keep it|I'd rather keep <thing>}. {If we don't, <risk>|We promised it to <customer>}.
C: {Then the small stuff has to wait|Agreed. Nobody dies because of the small stuff}.
A: {Good|Okay, then it's decided}. {I'll move them to the next one|I'll put them back on the pile}.

A: {What's the goal of this one, in one sentence|If we could only finish one thing, what would it be}?
B: {For me it's|I'd say} <thing>. {If that's done|Once that's there}, <gain>.
C: {I'd say the same, just the <part> first|Mine would be the <part>, but that's part of it}.
A: {Okay. Let me write that down|Let me try}: {"<gain>"|by the end of it, <gain>}. {Is that a goal|Can
  everybody live with that}?
B: {Yes|I like it}. {It's a bit big|And you can check it}.
C: {Make it smaller|Then say where}: {in <city> first|for one depot}.
A: {"In <city>"|For one depot}. {Good|Even better}.

B: {This one depends on <name>|I can't start this one until <name> is back}. {It's the <part> of <thing>|We
  need the data first}.
A: {When's that|And when is that}?
B: {<weekday>, I think|Middle of next week}.
A: {Then let's not plan it for the first days|So second half}. {What could you take before|Is there
  something you can start with}?
B: {I could <fix>|I could go on <doing>}. {That doesn't need anybody|It's independent}.
C: {And I could help with that|I'd join you there}. {Two people, <few> days|Then it's done by <weekday>}.
A: {Perfect|That's a plan}.

C: {Can we split this?|This is too big.} {I count <few> things in it|It says and three times in the title}.
A: {True.|Where would you cut?}
C: {First|One}: the <part>. {Second|Two}: <fix>. {And the rest is nice to have|The third one I wouldn't do
  at all}.
B: {I'd do the second one first|The order matters, though}. {Without it <trouble>|Otherwise we build it
  twice}.
C: {Okay, swap them|Oh, right. The other way round}.
A: {So I make two tickets, and one for later|Two tickets}. {@B takes the first, @C the second|Who takes
  which}?
B: {I'll take the first one|Fine with me}.
C: {Then I'm the second|Good}.
"""

RETRO = """
# first
A: {What went well?|Let's start with what went well.} {Everybody one thing|One thing each}. @B?
B: {For me|I'd say} <thing>. {We'd been talking about it for ages, and then we just did it|I <done>, and
  nobody had to ask me twice about it}.
C: {I had that too|That's on my card as well}. {And the help from <city> was great|And that we told
  <customer> early}.
A: {I'd add|And for me} {that nobody worked on the weekend|the way you two paired on the <part>}. {That's
  new|I noticed that}.
B: {True|Yes, that was good}.

A: {And what didn't go well|Okay, the other column}. {Don't be polite|Be honest}.
B: {The <part>|Well. The <part>}. {We started too late|Everybody thought somebody else had it}, and {then
  it was <weekday> and <trouble>|then we rushed it}.
C: {Part of that was me|I didn't help there}. {I said I'd look at it, and then I was in <city> all week|I
  changed the plan twice}.
B: {No, I should have asked|I could have said something, too}. {I don't like asking twice|I thought you
  were busy}.
A: {So what would have helped|What could we do differently}?
C: {A name on it|One name on every thing, not two}. {If it has two names it has none|And a date}.
B: {Yes. And saying it out loud in the morning|I like that}.
A: {Okay, that's an action|I'll write that down}: {one name, one date|one name per ticket}.

# once
C: {I put down meetings|Mine is meetings}. {I counted. <few> hours on a single <weekday>|I had one day with
  six of them}.
B: {I thought it was just me|Same}. {And half of them were about <thing>|In three of them we talked about
  <thing>}.
A: {Which ones could go|Do we need all of those}?
C: {The one on <weekday>|The status one}. {We could write that down|Nobody says anything new there}.
B: {I'd miss it a little|I like seeing people, but yes}. {Every second week|Maybe shorter}?
C: {Every second week would be a start|Deal}.
A: {Let's try it for a month|Okay, we try that}. {If we miss it, it comes back|And then we ask ourselves
  again}.

B: {Something I learned|What I learned}: <cause>. {I'd never have guessed that|It took me <few> days}. {I
  think everybody should know that|It's in the notes now}.
C: {How did you find out|Where did you see that}?
B: {By accident|I <done>, and there it was}. {Then I sat with <name> for an hour|I drew it on a piece of
  paper}.
A: {Could you show that to the others|Would you do ten minutes on that on <weekday>}?
B: {Sure|If it's only ten minutes, yes}.
C: {I'd come|I want to see the drawing}.

# once
A: {Actions from last time.|Before we go on, what did we promise last time?} {The first one was @C|First,
  @C}: {<fix>|do something about the <part>}.
C: {Done|Half done}. {And it helped|It's live since <weekday>}.
A: {Great|Very good}. {The second one|And} @B, {you wanted to talk to <name>|you wanted to write the page}.
B: {That one I forgot|Not done, I'm sorry}. {I'll do it tomorrow|Leave it on the list, please}.
A: {No problem|Okay}. {It stays|But then I'll ask again}.
B: {Please do|Fair}.

C: {Can I say thank you?|I'd like to thank somebody.} @B, {you dropped everything on <weekday>|you stayed
  calm when <trouble>}, {and I'd have been lost without you|and you explained it to me twice}.
B: {Oh|That's kind}. {You'd have found it|It was fun, actually}. {You asked the right question|I learned
  something, too}.
A: {I noticed that, too|That's worth more than the whole board}. {What made it work|Why did that go so well}?
B: {We just called each other|No tickets, just talking}. {Ten minutes, and it was clear|Usually I write
  long messages and wait}.
C: {We should do that more often|Let's make that a habit}: {if it's three messages, pick up the phone|don't
  write, call}.
A: {Good rule|I'll put that on the wall}.

B: {I had a card that just says <thing>|Mine only says <thing>}, {with a question mark|with a sad face}.
C: {Ha, I had the same one.|Only one?}
A: {Tell me more.|What's behind it?}
B: {I don't know if we're doing the right thing|It feels like we're never done}. {We <fix>, and then
  there's the next thing|Every week the same}: <trouble>.
C: {I know what you mean|Yes}. {Nobody tells us if it helps|I'd like to see one happy person}.
A: {Would it help to go and watch|What if we all went there for a day}? {<city> is an hour from here|One
  depot, one day, the whole team}.
B: {Yes|I'd love that}. {I'd take that over any chart|Even at five in the morning}.
C: {I'm in|Me too}.
A: {Then I organise that|I'll find a date in <month>}.

# last
A: {If you had to give these two weeks a mark, one to five|How do you feel about the two weeks, one to five}?
B: {Four|Three and a half}. {The last days were a bit much|I liked the start more than the end}.
C: {Four as well|Three}. {I'd like to finish things before we start new ones|We had <few> things open at
  the same time}.
A: {That's what I see too|I've heard that twice now}. {What would make it a five|What's missing}?
C: {Fewer open things|Finishing <thing>}. {Really finishing it|With the <part> and everything}.
B: {Yes|I'd sign that}.
"""
