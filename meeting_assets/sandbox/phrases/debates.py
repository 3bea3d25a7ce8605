"""Longer exchanges about a piece of work: disagreements, stories, small discoveries."""

DEBATES = """
A: {I'd like to decide something about <thing> today|We've talked about <thing> three times now}. {I'll say
  what I think, and then you tell me where I'm wrong|Let me make a proposal}.
B: {Okay|Go ahead}.
A: {I think we should <fix>, and nothing else|My proposal: we <fix>, and we stop there}. {Because|Simply
  because}, {as long as <trouble>, everything else is decoration|that's where people lose their time}.
B: {I half agree|Yes, and no}. {Where I don't agree is the nothing else|The first half is right}. {If we
  only do that, <risk>|The <part> has to come with it, or we do it twice}.
C: {Can we separate that?|That's two different questions, I think.} {First, do we do it. Second, how
  much|One is what, the other one is when}.
A: {Right|Thank you}. {So, do we do it|First question}?
B: {Yes|Of course}.
C: {Yes|Absolutely}.
A: {And how much|Second question}?
B: {With the <part>|Including the <part>}. {It's <few> days more|I can show you why}.
A: {Okay, you've convinced me|Fine. With the <part>, and then we stop}. {Wasn't that hard|We could have had
  that two weeks ago}.
C~: {Ha|True}.

C: {Something funny about <thing>|I have to tell you about <thing>}. {I watched somebody use it yesterday|I
  sat next to a dispatcher in <city>}, {and they do it completely the other way round|and it took me a
  while to understand what I was looking at}.
B: {How do you mean|What do they do}?
C: {They start with the <part>|They open the <part> first}, {which we thought nobody uses|and then they go
  backwards}. {When I asked why, they said|The reason is}: {because it was there first|that's how the paper
  used to be}.
A: {And it works|Does that even work}?
C: {Better than our way, honestly|Mostly}. {Only then|The only problem is that} <trouble>.
B: {Well, of course|That's why}! {We never tested that|Nobody goes backwards in our tests}.
A: {Maybe we should|So let's}. {What would it take to make their way the normal way|Could you do that, @B}?
B: {Not much|I'd have to think}. {I'd <fix>|We <fix>, and then the order doesn't matter any more}.
C: {They'd be so happy|I'll tell them}.

B: {I have to admit something|Confession}. {I broke <thing> on <weekday>|It was me, with <thing>}. {For
  about an hour|Between ten and eleven}.
A: {Okay. What happened?|I heard. Tell us.}
B: {I wanted to <fix>, quickly, before lunch|I thought it's a small change}. {And I didn't look at the
  <part>|What I forgot was the <part>}. {So for an hour <trouble>, for everybody|And then the phone rang}.
C: {I wondered what that was|Ah, that was you}! {Been there|We've all done that}.
A: {Did you put it back|And now}?
B: {Right away|Two minutes after I understood it}. {It took me fifty-eight minutes to understand it,
  though|But the two minutes came at the end}.
A: {What would have told you earlier|How could we have seen it}?
B: {An alarm on the <part>|A test with real data}. {I've written one, after the fact|I'm adding that today}.
A: {Good|Then it was worth it}. {Thank you for saying it|I'd rather have that than silence}.
C: {Same here|Yes}. {Next time before lunch, call me|Never before lunch}.

A: {@B, can you explain <thing> to me as if I was new here|I have to explain <thing> to the board. Help
  me}. {Two minutes, no jargon|In simple words}.
B: {I'll try|Okay}. {Imagine you're a dispatcher|Think of a normal morning}. {You do your work, and then
  <trouble>|Everything's fine, until it isn't}: {you call somebody, they call somebody|you go and look for
  yourself}.
A: {That I understand|Okay}. {And why does it happen|What's the reason}?
B: {Simply put|In one sentence}, <cause>.
C: {I'd leave that out|That's already too much}. {Say it's old|The board doesn't need that}.
B: {Okay, it's old|Fine}. {And what we do is, we <fix>|So we <fix>}. {Then|And the result}: <gain>.
A: {That's a good sentence.|That last part, can I use that?} {I'll start with that|The rest I can draw}.
C: {Start with the end, always|Always start with that}.

C: {I disagree|Sorry, but I see that differently}. {I don't think <thing> is the problem|We keep blaming
  <thing>}.
B: {What is it, then|No}?
C: {How we work|I think it's us}. {The <part> has been like that for two years|Everybody knew that
  <trouble>}, {and everybody had an opinion, and nobody had the time|and we found it easier to explain than
  to change}.
A: {That's uncomfortable|Hmm}. {But I can't say that it's wrong|Go on}.
C: {So I'd stop something else first|My point is}: {if we start this on top of everything, we'll be here
  again in <month>|one thing less, and then this, properly}.
B: {Then what do we stop|Which thing less}?
C: {The <part.2>|I'd pause everything with <customer>}. {It isn't loud, but it eats a day a week|I know
  that's not popular}.
A: {I need to think about that|That's a big one}. {Give me until <weekday>|Let me talk to <name>}. {But
  thank you for saying it|I'd rather hear it here than in the kitchen}.
C: {Sure|Okay}.

B: {I compared three ways to do <thing>|I made a table, for <thing>}. {Don't worry, it's small|Three rows,
  I promise}. {The first is to leave it|Row one: we do nothing}. {Then <trouble>, and we know what that
  costs|Cheap today, expensive every day}.
A: {Okay|Clear}.
B: {The second is to|Row two}: <fix>. {<few> days, little risk|Not elegant, but it's there by <weekday>}.
  {And the third is to|Row three}: <fix.2>. {That's <few> weeks|Beautiful, and nobody has time for it}.
C: {Can we do two now and three later|Does two get in the way of three}?
B: {No|I checked}. {It's even a step towards it|About half of the work counts for both}.
C: {Then it's easy, isn't it|Then why are we talking}?
A: {Because it's good to have talked|So that I can say we looked at it}. {Two it is|Two, then}. {And put
  the table in the notes|Send me the table}.
B: {Already there|Will do}.

A: {What did we learn from <thing>|If you look back at <thing>}, {apart from what it does|not technically,
  I mean}?
B: {That we should have shown it earlier|To ask first}. {I <done>, and I was so proud, and the first person
  who saw it asked a question I couldn't answer|We discussed the <part> for weeks, and nobody in <city>
  cared}.
A: {What was the question|What did they care about}?
B: <ask> {So simple|And I had no idea}.
C: {And what's the answer|And}?
B: <answer> {Now I know|But that took me two days}.
C: {I'd have asked the same thing|That's a good question}.
A: {Then let's do that from now on|New habit}: {show it on day three, finished or not|one stranger a week}.
  {Even if it hurts|It'll feel strange at first}.
B: {It does hurt|Agreed}. {But less than week six|And I'm looking forward to it, a little}.

C: {How much time does <thing> take us, per week?|I tried to find out what <thing> costs us.} {All of us
  together|Support, calls, everything}.
A: {I'd guess half a day.|No idea. A lot?}
C: {It's <few> days|<few> full days}. {I asked everybody to write it down for a week|You all filled in that
  sheet, remember}.
B: {That can't be right.|That much?} {Where does it go|For what}?
C: {Mostly explaining|Half of it is looking things up}. {That <trouble>, over and over|It's a hundred small
  things}.
B: {And if we <fix>|So if we <fix>}?
C: {That would take away a third, I think|Then it's maybe a day}. {I can do the sheet again afterwards|We'd
  see it in two weeks}.
A: {Let's do that|I want that}. {And don't tell anybody the number yet|That's the best argument I've heard}.
C: {Why not?|Okay.}
A: {Because they'll ask why we waited|I want to show both numbers together}.

B: {Could I get some help with naming|What do we call this}? {It's the new part of <thing>|For <thing>}.
  {We say <part>, and everybody thinks of something else|Right now it's called <part> in the code and
  something else on the screen}.
C: {What does it do, exactly?|Say what it does.}
B: {When it's there, <gain>|It's what makes sure that <gain>}.
A: {That's a whole sentence|You can't put that on a button}.
C: {Something short.|What do the drivers say?} {Like the desk|Like the list}?
B: {The list|They'd say the board}. {Hmm, that isn't bad.|Too simple?}
A: {Simple is good|Nobody ever complained about too simple}. {Ask three people in <city> what they'd expect
  behind it|Try it out before we print it}.
B: {I'll ask on <weekday>|Okay}. {If one of them laughs, I'll know|Naming things, my favourite}.

A: {There's a mail from <customer>|Let me read you something}. {Only good things, for once|It's short}.
  {They write that|Here}: <gain>. {And then|And at the end}: {thank you, we noticed|please don't change it
  again}.
B: {Ha|Really}! {That's about <thing>, isn't it|Because of <thing>}?
A: {Yes|Exactly}. {You two did that|That's the <part>, I think}.
C: {That makes my week|I'm going to print that}. {I remember when they wrote the opposite|A year ago they
  wanted to leave}.
B: {Can I forward it to <name>|Could you send me that}? {They did half of it|For a bad day}.
A: {Of course|Already in your inbox}. {I answered with a question, though|And I asked them what's still
  missing}.
C: {And|What did they say}?
A: {1~That <trouble>, sometimes. So we're not done|One thing. The <part.2>, of course}.
B: {1~We never are|I knew it}.
"""
