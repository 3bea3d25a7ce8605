"""Scenes of an incident call, in the order in which such a call goes."""

INCIDENT = """
# first
A: {Thanks for jumping on|Sorry to call you all in}. {What do we know|Where are we}?
B: {Since about <time>|It started around <time>}, {alarms for|we've been seeing errors in} <thing>. {The symptom is that|What people see is that} <trouble>.
C: {I can confirm that|I see it too}. {<city> is affected, <city.2> isn't|So far it's <percent> percent of requests}.
A: {Is it getting worse|Stable or getting worse}?
B: {Stable|Slowly worse}. {I'm looking at the <part> right now|Give me a minute with the <part>}.
A: {Okay. @C, could you write the status message|@C, you talk to support}? {Nothing fancy, just that we know|Two lines}.
C: {On it|Doing it now}.

B: {I'm going through the changes of the last day|I've got the list of what went out}. {There are <few>|<few> in all}, {and one of them touches the <part>|and one is about <thing>}.
C: {Whose is it|Who made that one}?
B: {Mine, actually|<name>'s}. {It looked harmless|It was reviewed, it was tested}. {But under load, who knows|But never with that much data}.
A: {Could you try it on the copy|Can you reproduce it}?
B: {Trying|I'm on it}. {The copy is slow to start, as always|Give me a minute}.
A: {Take your time|No rush}. {I mean, rush, but carefully|We're not making it worse by waiting}.
C~: {Ha|Mhm}.
B: {There. I've got it|Yes! Same error}. {It needs exactly what <city> does every evening|It's the <part>, no doubt}.
A: {Great. Well, you know what I mean|Excellent}.

B: {I've got something|Okay, I think I see it}. {Look at the graph of the <part>|The <part> looks odd}. {It drops exactly when it started|There's a step at the same minute}.
C: {Did we change anything then|What went out at that time}?
B: {One small thing|Nothing of ours. Wait}. {Yes. The change to the <part.2>|There was a restart}.
A: {Can we take it back|Could that be enough}?
B: {We can|I think so}. {It takes <few> minutes|But then <trouble>, as before}. {My guess is that <cause>|And I'm fairly sure now that <cause>}.
A: {Take it back|Roll it back}. {We understand it later|Explanations tomorrow}.
B: {Rolling back|Okay, doing it}. {Started|It's running}.
C: {I'm watching the errors|I've got the dashboard open}.

C: {Support is asking what to say|I've got support on the other line}. {They've had <percent> calls in ten minutes|<customer> is getting nervous}.
A: {Say that we know what it is and that we're fixing it|The truth}. {No time, please|And no promises about the time}.
C: {They want a time|They always want a time}.
A: {Then say the next update is at half past|Say we'll call again in thirty minutes}. {That we can keep|An update is a promise we can keep}.
C: {Okay|Good}. {Typing|I'll tell them}. {And the status page|Do I put it on the status page}?
A: {Yes. Yellow, not red|Yes, two sentences}. {Drivers can still work, right|What still works}?
B: {The app works offline|They can drive and sign}. {They just don't see anything new|It's only that} <trouble>.
C: {That's a good sentence, I'll take it|Okay, that goes in}.

A: {Do we need anybody else|Should we wake somebody up}?
B: {Not yet|I'd leave them}. {If it isn't gone by half past, I'd call <name>|<name> knows the <part> better than me, but it's late there}.
C: {I'm okay for another two hours|I've got coffee}.
A: {Eat something|Did anybody have dinner}?
C: {Half of it|It's next to the keyboard}.
B: {I was putting the kids to bed|I was in the middle of a film}. {They think I fight dragons|No idea who did it}.
A: {In a way you do|Sorry about that}. {Okay. What's the next thing we try|Back to it. What's next}?
B: {I'd <fix>, just by hand for now|I want to look at the <part.2>}. {It's ugly, but it holds until tomorrow|If that's not it, I'm out of ideas}.

B: {Hold on|Wait, wait}. {Something's wrong with my theory|That doesn't fit}. {If it was the <part>, then <city> would see it too|It started two minutes before the change}.
C: {Are the clocks right|Is that the same time zone}?
B: {Oh|Good point}. {One is an hour off|No. One's local time}. {Why do we still do that|I hate this}.
A: {Put it on the list|Later}. {So does it fit now|And with the right time}?
B: {Now it fits|To the second}. {Okay. So it is the <part>|Sorry for the panic}.
C: {Phew|I was starting to worry}.
A: {Better to check|I'd rather you say it}. {Go on|What do you need}?
B: {Somebody to look over my shoulder|@C, can you read this before I run it}? {I don't want to type the wrong thing now|It's one line, but it's a long one}.
C: {Send it|I'm looking}. {Yes. That's right|Looks good. Run it}.

C: {They're going down|It's getting better}. {Half of what it was|We're under a hundred a minute}.
A: {Good|Okay}. {Keep watching|Let's wait five more minutes}.
B: {The queue is still full|There's a backlog}. {It'll take a while until that's through|About <percent> thousand messages}.
A: {Do we lose anything|Is anything lost}?
B: {No|I don't think so}. {It's all in the queue|Worst case we replay it}. {What we can't get back is the time|Some people will get it late}.
C: {I'll tell <customer> before they ask us|<customer> just wrote. Shall I answer}?
A: {Yes, please|Do that}. {Be plain about it|Say what happened and that it's over}.
C: {Okay|Will do}.

# last
A: {Before everybody goes to bed|Before we stop}: {what do we have to do tomorrow|what's left for tomorrow}?
B: {First, <fix>|I want to <fix>}. {Second, an alarm that would have told us an hour earlier|And an alarm on the <part>}.
C: {And the write-up|And somebody has to write it up}. {I can start it, I've got all the times|I kept a list of the times}.
A: {Great. No blame, just times and facts|Thank you. Times and facts}. {What surprised us|And what went well}?
B: {That it took us <few> minutes to find out|That nobody was alone with it}. {And the rollback just worked|The rollback worked, for once}.
C: {That was nice, yes|It did}.
A: {Okay. Who stays up|Who's on for the rest of the night}?
B: {I'm on call anyway|Me}. {Go to sleep|I'll watch it for another hour}.
"""
