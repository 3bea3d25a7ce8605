"""Scenes of an incident call, in the order in which such a call goes."""

INCIDENT = """
# first
A: {Thanks for jumping on|Sorry to call you all in}. {What do we know|Where are we}?
B: {Since about <time>|It started around <time>}, {alarms for|we've been seeing errors in} <thing>. {The
  symptom is that|What people see is that} <trouble>.
C: {I can confirm that|I see it too}. {<city> is affected, <city.2> isn't|So far it's <percent> percent of
  requests}.
A: {Is it getting worse|Stable or getting worse}?
B: {Stable|Slowly worse}. {I'm looking at the <part> right now|Give me a minute with the <part>}.
A: {Okay. @C, could you write the status message|@C, you talk to support}? {Nothing fancy, just that we
  know|Two lines}.
C: {On it|Doing it now}.

B: {I'm going through the changes of the last day|I've got the list of what went out}. {There are
  <few>|<few> in all}, {and one of them touches the <part>|and one is about <thing>}.
C: {Whose is it|Who made that one}?
B: {Mine, actually|<name>'s}. {It looked harmless|It was reviewed, it was tested}. {But under load, who
  knows|But never with that much data}.
A: {Could you try it on the copy|Can you reproduce it}?
B: {Trying|I'm on it}. {The copy is slow to start, as always|Give me a minute}.
A: {Take your time|No rush}. {I mean, rush, but carefully|We're not making it worse by waiting}.
C~: {Ha|Mhm}.
B: {There. I've got it|Yes! Same error}. {It needs exactly what <city> does every evening|It's the <part>,
  no doubt}.
A: {Great. Well, you know what I mean|Excellent}.

B: {I've got something|Okay, I think I see it}. {Look at the graph of the <part>|The <part> looks odd}. {It
  drops exactly when it started|There's a step at the same minute}.
C: {Did we change anything then|What went out at that time}?
B: {One small thing|Nothing of ours. Wait}. {Yes. The change to the <part.2>|There was a restart}.
A: {Can we take it back|Could that be enough}?
B: {We can|I think so}. {It takes <few> minutes|But then <trouble>, as before}. {My guess is that
  <cause>|And I'm fairly sure now that <cause>}.
A: {Take it back|Roll it back}. {We understand it later|Explanations tomorrow}.
B: {Rolling back|Okay, doing it}. {Started|It's running}.
C: {I'm watching the errors|I've got the dashboard open}.

C: {Support is asking what to say|I've got support on the other line}. {They've had <percent> calls in ten
  minutes|<customer> is getting nervous}.
A: {Say that we know what it is and that we're fixing it|The truth}. {No time, please|And no promises about
  the time}.
C: {They want a time|They always want a time}.
A: {Then say the next update is at half past|Say we'll call again in thirty minutes}. {That we can keep|An
  update is a promise we can keep}.
C: {Okay|Good}. {Typing|I'll tell them}. {And the status page|Do I put it on the status page}?
A: {Yes. Yellow, not red|Yes, two sentences}. {Drivers can still work, right|What still works}?
B: {The app works offline|They can drive and sign}. {They just don't see anything new|It's only that}
  <trouble>.
C: {That's a good sentence, I'll take it|Okay, that goes in}.

A: {Do we need anybody else|Should we wake somebody up}?
B: {Not yet|I'd leave them}. {If it isn't gone by half past, I'd call <name>|<name> knows the <part> better
  than me, but it's late there}.
C: {I'm okay for another two hours|I've got coffee}.
A: {Eat something.|Did anybody have dinner?}
C: {Half of it|It's next to the keyboard}.
B: {I was putting the kids to bed|I was in the middle of a film}. {They think I fight dragons|No idea who
  did it}.
A: {In a way you do|Sorry about that}. {Okay. What's the next thing we try|Back to it. What's next}?
B: {I'd <fix>, just by hand for now|I want to look at the <part.2>}. {It's ugly, but it holds until
  tomorrow|If that's not it, I'm out of ideas}.

B: {Hold on|Wait, wait}. {Something's wrong with my theory|That doesn't fit}. {If it was the <part>, then
  <city> would see it too|It started two minutes before the change}.
C: {Are the clocks right|Is that the same time zone}?
B: {Oh|Good point}. {One is an hour off|No. One's local time}. {Why do we still do that|I hate this}.
A: {Put it on the list|Later}. {So does it fit now|And with the right time}?
B: {Now it fits|To the second}. {Okay. So it is the <part>|Sorry for the panic}.
C: {Phew|I was starting to worry}.
A: {Better to check|I'd rather you say it}. {Go on.|What do you need?}
B: {Somebody to look over my shoulder.|@C, can you read this before I run it?} {I don't want to type the
  wrong thing now|It's one line, but it's a long one}.
C: {Send it|I'm looking}. {Yes. That's right|Looks good. Run it}.

A: {While that's running|While we wait}, {what else could it be|let's collect what else it could be}? {Just
  say it, even if it's silly|One idea each}.
B: {The database|Somebody else's fault}. {Full disk|A provider}. {I looked, it's fine, but I'd look
  again|It's never them, but one can hope}.
C: {Could it be the weekend|What about the number of people}? {<city> has its sale on, there's twice as
  much as usual|It's the end of the month, and everybody closes their books}.
A: {That's not silly|Good one}. {Can we see that somewhere|How would we know}?
C: {I'll put the two lines on top of each other|Give me a second}. {Hmm. A little|No}. {It went up an hour
  before, but not that much|It's a normal evening, sorry}.
B: {Then I'm back to the <part>|So it's us after all}. {I don't like it, but that's where it
  points|Everything else has an alibi}.
A: {Okay. Stay there|Then dig there}. {@C, keep the list, we might need it|Good that we asked}.

B: {Here's something odd|That's strange}. {The same job runs twice|There are two of them}. {Every time, a
  few seconds apart|One should have stopped in <month>}.
C: {Which job|Two of what}?
B: {The one for the <part>|It belongs to <thing>}. {The old one and the new one|One on each machine}.
A: {Could that do it|Is that enough for all this}?
B: {On a quiet day nobody sees it|If both run at the same time, yes}. {But today|And today they did}:
  <trouble>.
C: {Ah|Oh no}. {Who starts the old one|And who turned it on again}?
B: {Nobody. It starts itself|The restart did}. {That's what I don't like about it|It's been waiting there
  like a mousetrap}.
A: {Stop the old one|Off with it}. {Write down what you do, we'll want it later|And say it out loud before
  you press enter}.
B: {Stopping the old one. Now|Okay. Old one, stopped}. {And disabled, so it stays that way|It's gone}.

C: {<customer> is on the phone|I've got <customer> on the line}. {Friendly, but they want to know what to
  do with their drivers|They have <percent> trucks in the yard}.
A: {What can they do without us|What works for them}?
B: {Print the list|They've got the app}. {The one from this afternoon is still right|Everything until about
  <time> is there}.
C: {Okay, so print and drive|And the new ones}?
B: {The new ones by phone, just for tonight|They write them down, and we type them in tomorrow}. {I'd do
  that myself|I can help with that}.
A: {That's generous|Thank you}. {Tell them that, @C, with my name|And tell them they'll hear from me in the
  morning}.
C: {I will|Okay}. {They took it well|They're laughing, that's a good sign}.

A: {Quick check|Let me say where I think we are}. {It started around <time>, we know what it is, and it's
  stable|We know the place, not the reason}. {@B is working on it, @C talks to people|Two things are
  running, and nobody else touches anything}. {Is that right|Did I forget something}?
B: {Right|That's it}. {Only that I'm not a hundred percent sure|I'd say ninety percent}.
C: {And that the next update goes out in ten minutes|The update is due at half past}.
A: {Good|Thanks}. {If it isn't better by then, we take the big hammer|And after that we think about plan B}.
B: {What's the big hammer|Which one is that}?
A: {Everything off, wait, everything on|You know which one}.
B: {Oh, that one|I was afraid of that}. {Please not|Give me the ten minutes}.

C: {They're going down|It's getting better}. {Half of what it was|We're under a hundred a minute}.
A: {Good|Okay}. {Keep watching|Let's wait five more minutes}.
B: {The queue is still full|There's a backlog}. {It'll take a while until that's through|About <percent>
  thousand messages}.
A: {Do we lose anything|Is anything lost}?
B: {No|I don't think so}. {It's all in the queue|Worst case we replay it}. {What we can't get back is the
  time|Some people will get it late}.
C: {I'll tell <customer> before they ask us.|<customer> just wrote. Shall I answer?}
A: {Yes, please|Do that}. {Be plain about it|Say what happened and that it's over}.
C: {Okay|Will do}.

C: {I'm trying it as a normal user|Let me try what they try}. {Logging in. That works|I can get in}.
  {Opening the list. Slow, but there|The list is there}.
B: {And the <part>|Now do the <part>}.
C: {Wait for it|Hmm}. {Yes! There it is|It spins. It spins. And it's there}.
B: {How long did that take|Count the seconds}.
C: {Four seconds|About five}. {Before it never came back|An hour ago it was a blank page}.
A: {That's a different world|Good}. {Try it from another place|Could you do it again, as <city>}?
C: {Same|Works, too}. {A little faster, even|Three seconds}.
B: {It's warming up|That's the cache}. {Give it a few minutes|It gets better with every click}.

# last
A: {Before everybody goes to bed|Before we stop}: {what do we have to do tomorrow|what's left for tomorrow}?
B: {First, <fix>|I want to <fix>}. {Second, an alarm that would have told us an hour earlier|And an alarm
  on the <part>}.
C: {And the write-up|And somebody has to write it up}. {I can start it, I've got all the times|I kept a
  list of the times}.
A: {Great. No blame, just times and facts|Thank you. Times and facts}. {What surprised us|And what went well}?
B: {That it took us <few> minutes to find out|That nobody was alone with it}. {And the rollback just
  worked|The rollback worked, for once}.
C: {That was nice, yes|It did}.
A: {Okay. Who stays up|Who's on for the rest of the night}?
B: {I'm on call anyway|Me}. {Go to sleep|I'll watch it for another hour}.
"""
