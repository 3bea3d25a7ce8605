"""Scenes of design reviews and of the weekly meeting of a department."""

REVIEW = """
B: {Okay, I'm sharing|So you should see the draft now}. {This is the <part> of <thing>|It's about <thing>,
  and today only the <part>}. {Please be harsh|I'd like to know what's wrong with it, not what's right}.
  {The reason for all this}: <trouble>.
A: {Can you go back one|Hang on}. What's the box on the left?
B: {That's where it is today|That's the old one, for comparison}. {And here's what I'd do|On the next page
  is the new one}: <fix>.
C: {I like that it's simple|That's clean}. {1~But what happens if somebody does it twice?|But I don't see
  how you get back from there.}
B: {Good point|Hmm}. {1~Nothing, I hope|It isn't drawn yet}. {Let me write that down|I'd show a message and
  leave everything as it was}.
A: {And on a small screen|How does that look on a phone}?
B: {Like this|I've got that too}. {The second column goes below|It's one thing after the other}.
C: {Nice|Okay, that works}.

C: {I have a question about the order.|Why in this order?} {You ask for the <part> before anybody knows
  why.|First the <part>, then the <part.2>.}
B: {Because <cause>|I had it the other way round at first}. {I tried it with <few> people, and they all
  looked for it up there|In <city> everybody went to the top right corner}.
C: {Okay, if you tried it, I believe it|Ah, you tested it. Then I say nothing}.
A: {What did they say|Did you learn anything else from them}?
B: {Two got stuck at the same place|They didn't read a word}. {So I took out half of the text|So there's a
  picture now}.
A: {Good instinct|Always a good idea}. {Could we take out more|And the other half}?
B: {Maybe|I could try}. {Then <risk>, though|But then somebody calls us}.
C: {I'd try it in one place|We could measure that}. {If it goes wrong, we put it back|Two weeks, half of
  the people}.

A: {What are we not doing here|What's out, on purpose}?
B: {The <part.2>|Everything about the <part.2>}. {It's a different problem|That would double the work}. {I
  wrote it at the bottom, in grey|It's on the list for later}.
C: {I'm a bit sad about that|Hmm, that's the bit I was looking forward to}.
B: {I know|Sorry}. {But otherwise we're here in <month>|It's <few> weeks more, and it helps maybe <percent>
  percent of people}.
C: {No, you're right|Okay, fair}. {Just keep the door open|As long as we don't build it so that we can't}.
B: {That's why there's a gap here|The data is there, only the screen is missing}.
A: {Very good|I like that}. {Then I'd say go|From my side it's a yes}. {Anybody against it|Any strong
  feelings}?
C: {No|Go}.

B: {There are two versions|I couldn't decide, so there are two}. {One is closer to what people know, the
  other one's what I'd do if we started fresh|A is quick, B is right}. {I won't say which one I prefer|Tell
  me without thinking}.
A: {The second|The left one}.
C: {The first|I'd take the other one}. {People hate it when things move|It's quieter, and it says what
  happens next}.
A: {That's true|Hmm}. {But we've been careful for three years|But <trouble>, and that stays if we don't
  change it}.
C: {Could we do the first one now, with this bit of the second|What if you keep the frame and change only
  the inside}?
B: {Which bit? This one?|Show me where. The line at the top?}
C: {Exactly|Yes, that}. {That's the whole idea of it anyway|The rest is decoration}.
B: {I could have that by <weekday>|That's actually less work}. {Let me try|I'll send you a picture tonight}.

A: {Let's talk about words for a second|One thing about the text}. {It says "<part>"|You call it the
  <part>}. {Nobody outside of this room says that|I don't think anybody knows what that is}.
B: {What do they say|What would you call it}?
C: {In the tickets people write all kinds of things|I looked it up}. {Mostly they describe what they want,
  and it's this}: <gain>.
A: {Then that's the title|So let's say it like that}. {Say what it does|The name of a thing is what it's
  good for}.
B: {It's longer|That won't fit on the button}.
C: {Then make a bigger button|Buttons can be longer than you think}.
B: {Ha|Okay, okay}. {I'll try three versions|I'll ask support to write it}.
"""

WEEKLY = """
A: {Let's go round|Quick round}. {What's the one thing everybody should know?|One thing each, please.} @B?
B: {For me it's <thing>|The big one is <thing>}. I <done>, {and as of <weekday> it's live in <city>|so
  that's off the list}. {If anybody hears something strange, tell me|The <part> comes next}.
A: {Thank you|Great}. @C?
C: {I was with <customer> on <weekday>|Mostly customers, this week}. {They're happy, with one exception|It
  went well}. {You can guess|They don't like that} <trouble>.
B: {We're on it|I know. I'm <doing>}.
C: {I told them|That's what I said}. {They'd like a date, of course|They were surprisingly patient}.

A: {Numbers of the week|Then the numbers}. {<few> new customers, one lost|Support is up by <percent>
  percent}, {and most of that comes from <city>|and I'd like to understand why}.
B: {That's because of <thing>|I can explain that}. {Since the change people find it, and then they ask
  about it|It's the same story again}: <trouble>.
C: {Is that good news or bad news|So it's growing pains}?
B: {A bit of both|I'd call it good}. {If we <fix>, it goes down again|Give it <few> weeks}.
A: {Let's look at it again on <weekday>|I'd like to see that next week}. {And if it's still up, we do
  something|Same chart, same people}.

C: {One thing about <customer>|I need help with <customer>}. {The contract ends in <month>|They're
  comparing us with somebody else}, {and they keep coming back to <thing>|and it all hangs on <thing>}.
A: {What do they need to hear|What would make them stay}?
C: {That <gain>|A date, and somebody who knows what they're talking about}. {I can say it, but they don't
  believe me any more|Not from me, from @B}.
B: {I can join|Take me along}. {I'd show them what's there and what isn't|I can tell them that we <fix>,
  because we really do}.
C: {That would be perfect.|Would you?} {<weekday> at <time>|It's on <weekday>, one hour}.
B: {I'll move something|Works for me}.
A: {Thank you both|Great, do that}. {And tell me afterwards how it was|I'll keep my fingers crossed}.

A: {Who's away next week|Holidays}?
B: {I'm off on <weekday>|Me, from <weekday>}. {<name> covers the <part>|For anything about <thing>, ask @C}.
C: {Ask me, and I'll ask <name>|I know where it's written down}.
A: {Good|Okay}. {And I'm in <city> for two days|And I'm at the dentist, in case anybody wonders}.
"""
