"""Scenes in which colleagues discuss a piece of work; used in every internal meeting.

Scenes are separated by empty lines. `A: text` is a turn of role A; `B?:` happens or not; `B~:` is said while the
other one goes on; `B>:` cuts in. `{x|y}` is a choice, `<name>` a slot, `@A` the first name of a role.
"""

DISCUSSIONS = """
A: {So|Okay|Right}, <thing>. @B, {where are we with that|how is that going|what's the state}?
B: {It's moving|Better than last week|Honestly, slower than I'd like}. I <done> {on <weekday>|last week|the
  other day}, and that {went well|was the easy part|took longer than I thought}. What's left is the <part>.
  {Right now|At the moment} I'm <doing>.
A: {And what's the problem with|Remind me, what's wrong with} the <part>?
B: {Well|So}, you know how <trouble>? I {found out|think I know} why. {It turns out|As far as I can tell}
  <cause>.
A~: {Ah|Oh|Mhm}.
A: {Okay, that explains a lot|Right, that makes sense|Huh. I wouldn't have guessed that}. So {what do you
  want to do|what's the plan|what do we do about it}?
B: {My plan is to|I'd like to|The cleanest thing would be to} <fix>. {That's about <few> days|I'd say <few>
  days, maybe a bit more|It's not much work, <few> days at most}.
A: {Fine|Good|Okay}, go ahead. {Tell me if it gets bigger|Shout if you need anything|Let's look at it again
  on <weekday>}.
B: {Will do|Sure|Okay}.

B: {Can I bring up <thing>?|One thing from my side, <thing>.|I'd like to talk about <thing>.}
A: {Of course|Sure, go on|Please}.
B: {So the thing is|The situation is}, <trouble>. {We've known that for a while|That's not new}, but {this
  week|since <weekday>} it {hit us properly|became a real problem|came up <few> times}. {A customer in
  <city> called about it|<customer> wrote us a rather unhappy mail|support is getting tired of explaining
  it}.
C: {Yeah, I saw that.|I got one of those calls too.|That was the ticket from <city>, wasn't it?}
B: {Exactly|That one, yes|Yeah}. And {the reason is|what's behind it is} that <cause>.
A: {How hard is it to fix|What would it take}?
B: {There are two ways|We have two options}. Either we <fix>, or we <fix.2>. {The first one is quicker|The
  second one is more work but it lasts|I'd go for the first one now}.
C: {I'd do the first one and see|Can't we do both, one after the other|The second one sounds cleaner to me}.
B: {We could, yes|I wouldn't mind|That was my thought as well}.
A: {Let's do that|Okay, then let's start with the first|Good, do it}, and {write it down so that we
  remember why|tell support what to say in the meantime|let <customer> know}.
B: {Okay|Will do|I'll do that today}.

C: {Can I ask something about|I have a question about|May I ask something about} <thing>? <ask>
B: <answer>
C: {Okay, good to know|Ah, good|Right, thanks}. {And one more|Another one}: <ask.2>
B: <answer.2>
C: {That helps|Perfect|Okay, that's what I was hoping to hear}.
A?: {Could you write that down somewhere|Can you put that in the channel}? {I get asked that every week|I
  keep forgetting it}.
B+: {Sure, I'll add it to the page|Yes, I'll do it right after this}.

A: {How confident are we about|How do we feel about|Are we still on track with} <thing>?
B: {Seven out of ten|Pretty confident|Hmm. On a good day, very}. {The part I'm sure about is|What's solid
  is} the <part>. {What worries me is|What I'm less sure about is} the <part.2>.
A: {Why|Why that|What's the worry}?
B: Because <risk>. {It's not likely, but it would be bad|I don't think it happens, but I can't rule it
  out|I've seen that before}.
C: {Could we|Why don't we} <fix>? {Then at least we'd know|That would take that off the table|It would buy
  us some time}.
B: {Yeah, that's the idea|I thought about that|Hmm, maybe}. {It costs us <few> days|It's maybe <few> days
  of work|It's cheap enough}.
A: {I'd rather spend the <few> days|Then let's spend them|I think that's worth it}. {Any objections|Does
  anybody see it differently}?
C: {No|Not from me|Nope}.
B: {Fine with me|No, let's do it|Okay}.

B: {Good news first|I have some good news}: <thing>. I <done>, and {it works|it held up|it's been quiet
  since <weekday>}.
A: {Oh, nice|Great|Very good}!
C~: {Nice|Well done}.
B: {The less good news|And now the other half}: <trouble>. {I only noticed because of <city>|I found that
  by accident|That came out while I was at it}.
A: {Is that new or was it always like that|Since when}?
B: {Always, I think|It must have been there for months|Since the change in <month>, I'd guess}. It's
  because <cause>.
A: {And nobody noticed|And nobody told us}?
B: {Apparently people just got used to it|They worked around it|No, they have a list on paper, can you
  imagine}.
C: {That sounds like us|Oh dear|Of course they do}. {I'd help you with that, I have some time on
  <weekday>|If you want, we look at it together}.
B: {That would be great|Oh, yes please}. Then we could <fix>.
A: {Good, you two sort that out|Okay, I'll put both your names on it}.

A: {What do we tell|What do I say to} <customer> about <thing>? {They asked again|They're waiting for an
  answer|I have a call with them on <weekday>}.
B: {The truth|I'd be honest}: we know that <trouble>, and we're going to <fix>.
A: {And when|By when}?
B: {<weekday> in two weeks, if nothing gets in the way|End of the month|I'd say by the <day>, and I'd
  rather say a week later}.
A: {Can I say that|Is that something I can promise}?
B: {Say the week after|You can say it, but add a few days|If you leave out the <part>, yes}.
C: {And tell them what they get|And don't forget the good part}: <gain>. {That's what they care
  about|That's what they've wanted all along}.
A: {True|Good point, @C|Right}. {I'll send you the mail before it goes out|I'll write it tonight}.

B: {I'm a bit stuck with|I need some help with} <thing>. {Actually it's only|It's mainly} the <part>.
C: {What's happening|What do you see}?
B: {I thought I'd fixed it|I was sure it was done}, I <done>, and then on <weekday> {it happened
  again|there it was again}: <trouble>.
C: {1~Hmm. Did you look at the logs|Is that on every machine, or just there|And it's always the same depot}?
B: {1~I did, nothing useful|Every machine, and not every time|Mostly in <city>, yes}.
C: {I had something similar|That reminds me of last year}. {It turned out that|In the end it was because}
  <cause>. {Could it be that again|Have you checked that}?
B: {Oh|Hmm}. {No, I haven't|I didn't even think of that}. {That would fit, actually|That could be it}.
A: {Take half an hour together after this.|Can you two pair on it this afternoon?}
C: {Sure, I'm free at <time>|Yes, let's}.
B: {Thanks|Great, thank you}.

A: {Let's be honest about|Let me ask if we still want} <thing>. {Is it worth it|Do we go on with it}?
C: {I think so|In my view yes|I'd say yes}. {Look at what we get}: <gain>.
B: {I agree|Yes, but it costs us}. {We've put <few> weeks into it|It's been <few> weeks already}, and the
  <part> {is still open|isn't even started}.
A: {What happens if we stop here|And if we just leave it as it is}?
B: {Then <trouble>, and we go on explaining that to people|Nothing dramatic. People grumble|Then <risk>}.
C~: Mhm.
C: {I wouldn't stop now|I'd finish at least the <part>}. {The hard part is done|We're three quarters through}.
A: {Okay|All right}. {Then we finish the <part>, and after that we look again|Two more weeks, and then we
  decide with numbers}. {Agreed|Is that fair}?
B: {That's fair|Agreed|Yes, I can live with that}.
C: {Yes|Agreed}.

C: {I talked to|I had a call with} {<name> in <city>|the depot in <city>|<customer>} {yesterday|on
  <weekday>}, and they {brought up|complained about|mentioned} <thing> again.
A: {What did they say|And|What was it this time}?
C: {That <trouble>|They said, and I quote, <trouble>}. {They were nice about it|They weren't happy|They
  laughed, but it wasn't funny}.
B: {We know|Yes, that's a known one|Ouch}. {It's the <part>|It happens because <cause>}.
C: {I told them we're on it. Are we|So are we doing something about it}?
B: {I'm <doing> right now|We are}. {After that|Then} I want to <fix>.
C: {So when can I call them back|And roughly when}?
B: {Give me until <weekday>|Not before <weekday>|Next week, I'd say the second half}.
C: {Okay, I'll tell them the week after|Good, I'll call them after that}.

B: {I tried something with|I did a small experiment with} <thing>. {Can I show you|Shall I share}?
A: {Yes please|Sure, go ahead|Please do}.
B: {One second|Let me find the window}. {Can you see it|Do you see my screen}?
C: {Yes|We can see it|Now, yes}.
B: {1~So this is before|On the left is how it is now}. {You see|As you know}, <trouble>. {1~And this is
  with the change|On the right, that's the new one}. {What I did}: I <done>.
A: {Oh wow|That's a big difference|Okay, I can see that}.
C: <ask>
B: <answer>
C: {Nice|Okay|I like it}.
A: {And what's missing|What would it take to ship that}?
B: {The <part>, and somebody who looks over it|I still have to <fix>}. {<few> days, then it's ready|Not much}.
A: {Then let's do it|Good, take the time}. {Really nice work, @B|That's great}.

A: {@C, you were going to look at|@C, did you get around to} <thing>?
C: {I did|A little|Partly}. {I got as far as the <part>|I spent <weekday> on it}. {Short version|In short}:
  <cause>.
A: {And the long version}?
C: {The long version is|Well}, <trouble>, {and everybody has their own story why|and it's been like that
  since the first version}. {The moment we <fix>, most of that goes away|If we <fix>, I'd bet on half of it
  disappearing}.
B: {Most of it or all of it|All of it}?
C: {Most. The rest is the <part.2>|I'd never say all}.
B: {Fair enough|Okay}.
A: {What do you need|Who do you need for that}?
C: {@B for a day, and a copy of the real data|Nothing, just not being interrupted|Somebody from <city> who
  tells me how they use it}.
A: {You'll get that|Done|I'll arrange it}.

B: {There's one decision I need from you on|I need a decision about} <thing>.
A: {Okay, what is it?|Shoot.}
B: {Either we <fix> now, or we live with it until <month>|The question is whether we <fix> before the
  release or after}.
A: {What's the downside of waiting|What if we wait}?
B: {<trouble>. That stays|Until then, <risk>}.
C: {And the downside of doing it now|And if we do it now, what doesn't happen}?
B: {Something else moves|We'd have to push the <part.2> back by <few> days|It's <few> days, and they have
  to come from somewhere}.
A: {Hmm|Let me think}. {I'd rather do it now|Do it now}. {I don't want that conversation twice|If we don't
  do it now, we never will}.
C?: {I think that's right|Agreed}.
B: {Okay, clear. Thank you|Good, then I'll start on <weekday>}.

A: {Numbers|Let's look at the numbers}. {Since we touched <thing>, what changed|What did the work on
  <thing> bring us}?
B: {About <percent> percent fewer complaints|We're at <percent> percent, from somewhere below ten|It's down
  by <percent> percent}. {That's since the change to the <part>|Measured over two weeks}.
C: {Is that a lot|Is that good}?
B: {It's more than I expected|For two weeks of work, yes|Compared with last year it's huge}.
A: {And is it really that, or is it the season|How do we know it's because of us}?
B: {Fair question|We don't, not completely}. {<city> didn't get the change and stayed where it was|We left
  two depots out, and there nothing moved}. {So I'm fairly sure|So yes, it's us}.
C~: {Clever|Oh, good}.
A: {That's how I like it|Very good}. {What's the next thing that would move it|And next}?
B: {If we <fix.2>, I'd expect the same again|The <part.2>. That's where the rest is}.

C: {I want to be the annoying person for a second|Let me push back a little|I'm going to play devil's
  advocate}. {Do we really need|Why are we doing} <thing>?
B: {Because <trouble>.|Have you ever used it?|Ask anybody in <city>.}
C: {Yes, but for how many people|Okay, and how many people notice|Sure, but how many is that}?
B: {About <percent> percent of them, every week|For everybody who works early shifts|Enough that <customer>
  asked for it in writing}.
C: {Okay|Hmm, okay}. {And we're sure that we have to <fix>|And there's nothing smaller we could do}?
B: {The small thing is done already. I <done>|I'd love something smaller}. {It didn't go away|It helped a
  bit}.
C: {All right, I'm convinced|Fine, I take it back|Okay. I just wanted somebody to say it out loud}.
A: {That's a good question to ask, though|No, it's good that you ask}. {What we get is|Remember what it's
  for}: <gain>.

A: {What could go wrong with|Let's spend five minutes on what could go wrong with} <thing>?
B: {The obvious one}: <risk>.
C: {And the less obvious one is|What I'd worry about is} the <part>. {If that fails on a <weekday> night,
  who even sees it|Nobody's touched that in a year}.
B: {I'd see it. I get the mail|Well, I would}.
A: {And when you're on holiday|And you're never on holiday, right}?
B: {Ha|Okay, okay}. {I'll add <name> to the list|You have me there}.
C: {Could we try it in <city> first?|Let's start with one depot.} {They're patient|If it breaks there, we
  see it quickly}.
A: {I like that|Yes, one depot, one week}. {Then the rest|And if it's quiet, everybody}.
B: {Works for me|Good, that's an easy thing to do}.

B: {Can somebody explain|I still don't understand} why <trouble>? {I mean with <thing>|I'm talking about
  <thing>}.
C: {Sure|Historical reasons|Oh, that's a story}. {In short|Basically}, <cause>. {When it was built, that
  made sense|Somebody needed it quickly}.
B: {And now|Okay, and why is it still like that}?
C: {Nobody wanted to touch it|There was always something more urgent|Because it works, mostly}.
B: {What if I just <fix>|Would anything break if I <fix>}?
C: {Try it|I don't think so}. {I'd look at the <part> first|Just keep an eye on the <part>}.
A: {From me that's a yes|Nothing against it}. {Go ahead, but tell <name> before|Just do it behind a switch}.
B: {Okay, I'll try on <weekday>|Perfect, thanks}.

A: {Next one|Next point|Moving on}: <thing>. {Who wants to say something|@B, that's yours}?
B: {I'll be quick|Just a short update}. I <done>, I'm <doing>, and {by <weekday> I'd like to <fix>|next
  week is the <part>}.
A: {Anything in the way|Blocked by anything}?
B: {No|Not at the moment|Only the usual}.
A: {Great|Short and sweet|Good}.
C?: {One question|Just one thing}: <ask>
B+: <answer>

C: {I was looking at the tickets|I read through the tickets of the last two weeks}, and {about a third is|a
  lot of it is} <thing>.
A: {A third|That much|Really}?
C: {Yes. It's always the same story|I counted}. {People say|They write}: <trouble>.
B: {And do they know|And what do we answer}?
C: {We send them the same text every time|That we're working on it|We tell them to reload, which helps for
  about an hour}.
B: {Okay, that's embarrassing|Hmm}. {Give me <few> days and I'll <fix>|I could <fix>. That wouldn't be the
  whole thing, but most of the tickets would go away}.
C: {I'd buy you lunch|That would make <name> very happy}.
A: {Then that's worth more than what's planned for <weekday>|Do it. It's cheaper than answering}.

A: {How did the talk with <name> go|Did you speak to <name>}, @B? {About <thing>|I mean because of <thing>}.
B: {Good, actually|Better than I feared|Mixed}. {They|<name>} {had <few> questions|wanted to know exactly
  one thing}. {The first one was|It was}: <ask>
A: {And what did you say}?
B: <answer>
A: {Good answer|That's right, isn't it}. {And then}?
B: {Then we talked about the risk|Then the usual}. {You know}, <risk>. {I said we'd <fix>, and that was
  fine|I promised we'd <fix> first}.
A: {Okay. Is that realistic|Can we keep that promise}?
B: {If nothing else comes up, yes|Yes. It's <few> days}.
C~: {Famous last words|Ha}.
A: {Good|All right, thank you}.

B: {I'd like to show you what we learned in <city>|We were in <city> on <weekday>}, {because of
  <thing>|mainly to see <thing> in real life}.
A: {Oh yes, how was it|Tell us}.
B: {Eye-opening|Loud, cold, and very useful}. {They've got a piece of paper next to every screen|There's a
  whiteboard with our error messages on it}, because <trouble>.
C: {Seriously|A whiteboard}?
B: {I've got a picture|I'm not joking}. {And they're proud of it, too}. {What they want is simple|What
  they'd like is}: <gain>.
C: {That's all}?
B: {That's all|Just that}. {They don't care about the <part> at all|Nobody asked for the <part>}, {which
  we've been discussing for weeks|and we've put <few> weeks into that}.
A: {That hurts|Good to know, even if it hurts}. {So what do we change|What does that mean for the plan}?
B: {First we <fix>|I'd turn it around}. {The rest can wait|Then we go back and look again}.
"""
