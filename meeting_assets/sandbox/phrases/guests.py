"""More scenes with people of other companies, about them, their teams and working together; for any such call."""

GUESTS = """
A: {Could you tell us a bit about your company|Maybe a word about you first}? {We looked at the website, but that's never the whole story|I know the name, but not much more}.
B: {Sure|Of course}. {My grandfather started it with one van|We're a family business, third generation}. {Today it's <few> depots and about a hundred and eighty people|Now we've got trucks in six countries}. {Most of them have been here longer than me|People stay, which is nice, and sometimes it means that things stay, too}.
C: {That's impressive|I like that}. {And you two|And what do you do there}?
B: {I look after operations|I run the depot in <city>}, {which means everything that can go wrong|so everything that moves}.
D: {And I do the numbers|And I'm the one with the spreadsheets}. {Somebody has to|I came from a bank, so this is more fun}.
A: {Great|Thank you}. {It helps to know who I'm talking to|Then I know who to ask what}.

B: {We tried something like that before|I should say, we've been there once}. {Five years ago|With another company}. {It didn't go well|That's why some people here are careful}.
A: {What happened|Can you tell me what went wrong}?
B: {They came with twelve people and a plan, and nobody ever asked the drivers|We paid for a year, and in the end we used the calendar}. {And then the project manager left|When it was finished, the world had moved on}.
D: {I've still got the mug|We don't talk about it at the Christmas party}.
C: {That hurts|I understand}. {What would have to be different this time|How would you notice early that it's going the wrong way}?
B: {Small|Start small}. {One depot, one thing|And I want to be able to stop}. {And somebody who picks up the phone|And I want to know the person who does it}.
A: {That's how we'd like to do it, too|Then we think alike}. {@C is that person|The phone is @C's, day and night. Well, day}.
C~: {Ha|True}.

D: {How many people work at your place|How big are you, actually}? {I don't mean it in a bad way|You're not that old as a company, are you}?
A: {We're ninety|About ninety people}, {in <city> and <city.2>, mostly|half of them build it and half of them look after customers}. {Seven years old|We've been profitable for three years, if that's the question}.
D: {That was the question, yes|You read my mind}. {We've had suppliers disappear|I want to know who I'm marrying}.
A: {I'd ask the same thing|Absolutely fair}. {Your data is yours, and you can take it out any day|You can see our figures, we're happy to share them}.
B: {Good|That's more than others offered}.

B: {Who'd we talk to when something's wrong|And when it doesn't work on a Saturday}?
C: {To me, first|There's a number, and a person answers}. {And if I'm not there, to <name>|From five in the morning to ten at night, and for emergencies always}. {You won't get a machine|No ticket numbers, unless you like them}.
B: {I hate ticket numbers|Thank God}. {1~With our last system I was number eight in the queue for two years|I once waited six weeks for a call}.
C: {1~Two years|Six weeks}! {Our average is eleven minutes|We'd be ashamed after an hour}. {I can show you the list, good days and bad days|Ask the others, they'll tell you}.
D: {I will ask|I like that you show the bad ones}.

A: {Who else would work with it|Who's not in this call but should be}?
B: {1~The night shift|Gerda}. {1~They never get asked anything|If Gerda likes it, everybody likes it}.
D: {1~And they're the ones who'd need it|And if she doesn't, we can stop here}.
A: {1~Then I'd love to talk to them|Then I'd like to meet Gerda}. {1~What's important to them|What would make her say yes}?
B: {1~That it's quick, and that nobody tells them how to do their job|That she doesn't have to type with gloves on, and that it doesn't make a noise}.
C: {We can do that|Quick and quiet}. {1~When does their shift end|Would she be up for half an hour}?
D: {1~At six. I'll ask them|After her shift, with a coffee. I'll ask her}.
A: {Perfect|Thank you}. {That's worth more than any meeting|I'll get up early for that}.

B: How does it fit with what we've got? {We have two systems already|There are two systems}, {one knows all the customers and the other one the trucks|and one of them is older than my daughter}. {I can't throw that out|Nobody wants to touch it}.
C: {You don't have to|No need}. We take a file at night, that's how most people start. {Later you can still decide|And your system doesn't even know that we're there}.
D: {A file|Really, a file}? {That we can do.|We send files all day.}
C: {It's not modern, but it works|I've seen worse, believe me}. {In the second step it talks to it directly, if you want|What does it run on}?
D: {I'd have to ask|Something from the nineties}. There's one person who knows, {and he comes in on <weekday>|on <weekday>s}.
C: {I'd like to talk to him|Then I'll come on a <weekday>}. {I collect old systems|Those people are always the most interesting ones}.

A: {When would be a good time to start|Is there a bad time for you}?
B: {From <month> on it's crazy|In the season it's impossible}. {We've got double the volume, and everybody's tired|I couldn't ask anybody for anything then}.
D: {So before that or after|So either now or in winter}.
A: {Then I'd say soon, and small|I'd rather do it before}. {One depot, and in the season you leave it alone and see if it helps|You'd have <few> weeks to get used to it}.
B: {Hmm|That's a bit of a risk}. {But if it helps, it helps when we need it|But waiting is a risk, too}.
C: {We can decide that in the second week|And you can always go back to the list}. {I'd tell you honestly if I thought it was too late|I've said no to a start before}.
B: {Okay|Good}. {Let me talk to my people|I'd like to think about it until <weekday>}.

D: {May I be direct|Can I ask something unpleasant}? {What's the catch|What's the thing you'd rather not say}?
A: {Good question|Ha. Okay}. {1~The first two weeks are more work, not less|It only works if somebody on your side wants it}. {1~Everybody who says something else is lying|I've seen it fail, and it was always that}.
D: {1~And after the two weeks|And how often does that happen}?
A: {1~Then it turns around|One in ten, maybe}. {1~You see it in the number of calls, quite suddenly|Usually because the person who wanted it left}.
B: {1~Two weeks we can survive|That won't be me}. {1~We survived the last system|I've been here for nineteen years}.
A: {Then I'm not worried|That's good to hear}.
D: {Okay|Fine}. {That was a better answer than I expected|I've had worse answers}.

C: {Could I see how you do it today|Could you show us how you do it now}? {You don't have to tidy up|The real thing, please}.
B: {You want to see that? Okay.|It isn't pretty.} {Hang on|One moment}. {So, this is it|Here}. Every line is a job, and the colours are mine. {Yellow means I have to call, and pink means that I don't want to|Red is late, and pink is very late}.
C: {I love it|That's great}. {1~Who made that|How long have you had it}?
B: {1~My predecessor|Eleven years}. {2~There's a macro in there that nobody understands|If you delete column Q, everything's gone. Don't ask}.
A: {2~Every company has one of those|We don't touch column Q}. {And which of those do you really look at|What do you look at first in the morning}?
B: {These three|The pink ones}. {The rest I could do without|And the last column}.
C: {That's exactly what I wanted to know|That's good to know}. {Could you send me a copy, without the names|Would you mind if I take a picture}?
B: {I'll send you one|Sure, if you take out the names}.

A: {You've looked at others, I guess|Did you look at others, too}?
B: {Two|Two, so far}. {1~The first one was beautiful, but slow|The first one had very nice slides}. {1~The second one could do everything, that was the problem|When I asked them a question they said they'd come back to me}.
D: {1~Forty menus|They still haven't}.
A: {Okay|Interesting}. {And what would you take from them, if you could|What did they do better than us}?
B: {2~The print-out|The search}. {2~It looked like our paper, so nobody had to think|You type three letters, and it's there}.
C: {2~That's a good idea|Ours needs two clicks, I admit that}.
B: {2~You can have it|One would be better}.

B: {One more thing, about the works council|Our works council will have questions}. {Drivers don't want to be watched|The word tracking makes people nervous}.
A: {I understand that|Rightly so}. {We show where the load is, not how somebody drives|In breaks and after work it's off, and that can't be changed by anybody}. {And who sees what is written down|We've got an agreement you can use, it was written together with a council}.
D: {That would help.|Can you send that?} {Last time it took five months.|They're not against things, they want to be asked.}
C: {I'd come and show it to them first|Then let's ask them first}. {Before anybody decides anything|With the map on the wall, so that they see what we see}.
B: {That's the right order|Good idea}. {They meet on <weekday>|I'll ask when the next meeting is}.
"""
