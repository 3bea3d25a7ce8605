"""More scenes with people of other companies, about them, their teams and working together; for any such call."""

GUESTS = """
A: {Could you tell us a bit about your company|Maybe a word about you first}? {We looked at the website,
  but that's never the whole story|I know the name, but not much more}.
B: {Sure|Of course}. {My grandfather started it with one van|We're a family business, third generation}.
  {Today it's <few> depots and about a hundred and eighty people|Now we've got trucks in six countries}.
  {Most of them have been here longer than me|People stay, which is nice, and sometimes it means that
  things stay, too}.
C: {That's impressive|I like that}. {And you two|And what do you do there}?
B: {I look after operations|I run the depot in <city>}, {which means everything that can go wrong|so
  everything that moves}.
D: {And I do the numbers|And I'm the one with the spreadsheets}. {Somebody has to|I came from a bank, so
  this is more fun}.
A: {Great|Thank you}. {It helps to know who I'm talking to|Then I know who to ask what}.

B: {We tried something like that before|I should say, we've been there once}. {Five years ago|With another
  company}. {It didn't go well|That's why some people here are careful}.
A: {What happened|Can you tell me what went wrong}?
B: {They came with twelve people and a plan, and nobody ever asked the drivers|We paid for a year, and in
  the end we used the calendar}. {And then the project manager left|When it was finished, the world had
  moved on}.
D: {I've still got the mug|We don't talk about it at the Christmas party}.
C: {That hurts|I understand}. {What would have to be different this time|How would you notice early that
  it's going the wrong way}?
B: {Small|Start small}. {One depot, one thing|And I want to be able to stop}. {And somebody who picks up
  the phone|And I want to know the person who does it}.
A: {That's how we'd like to do it, too|Then we think alike}. {@C is that person|The phone is @C's, day and
  night. Well, day}.
C~: {Ha|True}.

D: {How many people work at your place|How big are you, actually}? {I don't mean it in a bad way.|You're
  not that old as a company, are you?}
A: {We're ninety|About ninety people}, {in <city> and <city.2>, mostly|half of them build it and half of
  them look after customers}. {Seven years old|We've been profitable for three years, if that's the
  question}.
D: {That was the question, yes|You read my mind}. {We've had suppliers disappear|I want to know who I'm
  marrying}.
A: {I'd ask the same thing|Absolutely fair}. {Your data is yours, and you can take it out any day|You can
  see our figures, we're happy to share them}.
B: {Good|That's more than others offered}.

B: {Who'd we talk to when something's wrong|And when it doesn't work on a Saturday}?
C: {To me, first|There's a number, and a person answers}. {And if I'm not there, to <name>|From five in the
  morning to ten at night, and for emergencies always}. {You won't get a machine|No ticket numbers, unless
  you like them}.
B: {I hate ticket numbers|Thank God}. {1~With our last system I was number eight in the queue for two
  years|I once waited six weeks for a call}.
C: {1~Two years|Six weeks}! {Our average is eleven minutes|We'd be ashamed after an hour}. {I can show you
  the list, good days and bad days|Ask the others, they'll tell you}.
D: {I will ask|I like that you show the bad ones}.

A: {Who else would work with it|Who's not in this call but should be}?
B: {1~The night shift|Gerda}. {1~They never get asked anything|If Gerda likes it, everybody likes it}.
D: {1~And they're the ones who'd need it|And if she doesn't, we can stop here}.
A: {1~Then I'd love to talk to them|Then I'd like to meet Gerda}. {1~What's important to them|What would
  make her say yes}?
B: {1~That it's quick, and that nobody tells them how to do their job|That she doesn't have to type with
  gloves on, and that it doesn't make a noise}.
C: {We can do that|Quick and quiet}. {1~When does their shift end|Would she be up for half an hour}?
D: {1~At six. I'll ask them|After her shift, with a coffee. I'll ask her}.
A: {Perfect|Thank you}. {That's worth more than any meeting|I'll get up early for that}.

B: How does it fit with what we've got? {We have two systems already|There are two systems}, {one knows all
  the customers and the other one the trucks|and one of them is older than my daughter}. {I can't throw
  that out|Nobody wants to touch it}.
C: {You don't have to|No need}. We take a file at night, that's how most people start. {Later you can still
  decide|And your system doesn't even know that we're there}.
D: {A file|Really, a file}? {That we can do.|We send files all day.}
C: {It's not modern, but it works|I've seen worse, believe me}. {In the second step it talks to it
  directly, if you want.|What does it run on?}
D: {I'd have to ask|Something from the nineties}. There's one person who knows, {and he comes in on
  <weekday>|on <weekday>s}.
C: {I'd like to talk to him|Then I'll come on a <weekday>}. {I collect old systems|Those people are always
  the most interesting ones}.

A: {When would be a good time to start|Is there a bad time for you}?
B: {From <month> on it's crazy|In the season it's impossible}. {We've got double the volume, and
  everybody's tired|I couldn't ask anybody for anything then}.
D: {So before that or after|So either now or in winter}.
A: {Then I'd say soon, and small|I'd rather do it before}. {One depot, and in the season you leave it alone
  and see if it helps|You'd have <few> weeks to get used to it}.
B: {Hmm|That's a bit of a risk}. {But if it helps, it helps when we need it|But waiting is a risk, too}.
C: {We can decide that in the second week|And you can always go back to the list}. {I'd tell you honestly
  if I thought it was too late|I've said no to a start before}.
B: {Okay|Good}. {Let me talk to my people|I'd like to think about it until <weekday>}.

D: {May I be direct|Can I ask something unpleasant}? {What's the catch|What's the thing you'd rather not say}?
A: {Good question|Ha. Okay}. {1~The first two weeks are more work, not less|It only works if somebody on
  your side wants it}. {1~Everybody who says something else is lying|I've seen it fail, and it was always
  that}.
D: {1~And after the two weeks|And how often does that happen}?
A: {1~Then it turns around|One in ten, maybe}. {1~You see it in the number of calls, quite suddenly|Usually
  because the person who wanted it left}.
B: {1~Two weeks we can survive|That won't be me}. {1~We survived the last system|I've been here for
  nineteen years}.
A: {Then I'm not worried|That's good to hear}.
D: {Okay|Fine}. {That was a better answer than I expected|I've had worse answers}.

C: {Could I see how you do it today|Could you show us how you do it now}? {You don't have to tidy up|The
  real thing, please}.
B: {You want to see that? Okay.|It isn't pretty.} {Hang on|One moment}. {So, this is it|Here}. Every line
  is a job, and the colours are mine. {Yellow means I have to call, and pink means that I don't want to|Red
  is late, and pink is very late}.
C: {I love it|That's great}. {1~Who made that|How long have you had it}?
B: {1~My predecessor|Eleven years}. {2~There's a macro in there that nobody understands|If you delete
  column Q, everything's gone. Don't ask}.
A: {2~Every company has one of those|We don't touch column Q}. {And which of those do you really look
  at|What do you look at first in the morning}?
B: {These three|The pink ones}. {The rest I could do without|And the last column}.
C: {That's exactly what I wanted to know|That's good to know}. {Could you send me a copy, without the
  names|Would you mind if I take a picture}?
B: {I'll send you one|Sure, if you take out the names}.

A: {You've looked at others, I guess.|Did you look at others, too?}
B: {Two|Two, so far}. {1~The first one was beautiful, but slow|The first one had very nice slides}. {1~The
  second one could do everything, that was the problem|When I asked them a question they said they'd come
  back to me}.
D: {1~Forty menus|They still haven't}.
A: {Okay|Interesting}. {And what would you take from them, if you could|What did they do better than us}?
B: {2~The print-out|The search}. {2~It looked like our paper, so nobody had to think|You type three
  letters, and it's there}.
C: {2~That's a good idea|Ours needs two clicks, I admit that}.
B: {2~You can have it|One would be better}.

B: {One more thing, about the works council|Our works council will have questions}. {Drivers don't want to
  be watched|The word tracking makes people nervous}.
A: {I understand that|Rightly so}. {We show where the load is, not how somebody drives|In breaks and after
  work it's off, and that can't be changed by anybody}. {And who sees what is written down|We've got an
  agreement you can use, it was written together with a council}.
D: {That would help.|Can you send that?} {Last time it took five months.|They're not against things, they
  want to be asked.}
C: {I'd come and show it to them first|Then let's ask them first}. {Before anybody decides anything|With
  the map on the wall, so that they see what we see}.
B: {That's the right order|Good idea}. {They meet on <weekday>|I'll ask when the next meeting is}.

C: {How do people come to work at your place|How do you find people}? {Everybody tells me that's the hard
  part now|Drivers, I mean}.
B: {It is|You don't want to know}. {We had <few> open jobs all year|In <month> I drove a truck myself for
  two weeks}. {People come because a friend works here, not because of an ad|The young ones ask about the
  app before they ask about the money}.
D: {That's true, I've heard it twice|One asked me if we still use paper}. {I said we're working on it|I
  changed the subject}.
C: {Ha|That's an honest question}. {And does it matter to the ones who are there|What do the older ones say}?
B: {They'd like less of everything|They want to be left alone, and I understand that}. {Less paper, fewer
  calls, and a seat that doesn't squeak|The best day is a day on which nobody calls them}.
A: {We can help with two of those|I can't do anything about the seat}.
B: {Then two it is|That's a start}.

A: {What does a good day look like for you|Let me ask the other way round. When do you go home happy}?
B: {When I've forgotten the phone in the drawer|A good day}? {Everything leaves on time, nobody's name is
  on the board, and I eat at a table|By nine the yard is empty, and I can think}.
D: {I remember one|There was one in <month>}. {It was a public holiday in the next country|Half of the
  customers were closed}.
B: {Don't listen|That doesn't count}. {But yes, it's rare|It happens maybe once a week}.
A: {And what's different on those days|What makes the difference}?
B: {The evening before|It's decided the day before}. {If the list is right at six, the morning is
  right|When everybody has said what they need, there's nothing left to ask}.
C~: {Mhm|Ah}.
A: {So the morning is really about the evening|That's interesting. So we should look at the evening}.
B: {I'd never put it like that, but yes|You could say that}.

D: {How often does it change|How often do you change things}? {I don't want to come in on a Monday and
  everything's somewhere else|Our last one moved the buttons every month}.
C: {Small things every week, and you hardly see them|Every two weeks}. {Anything that moves, we announce,
  and you can keep the old one for a while|Big things three times a year, and never in <month>}.
D: {Can I switch that off|And if I don't want it}?
C: {For <few> months, yes|You can wait}. {After that we'd talk|In the end everybody gets it, or we go mad}.
D: {That's reasonable|Okay}. {I just want to know the day before|As long as somebody tells me}.
B: {She still has the calendar from last year on the wall|You should see how we changed the coffee}.
D: {It's a good calendar|Don't start}.
A: {We'll be careful with the calendar|Ha}.

B: {Could we come by|Can we see it at somebody else's place}? {I believe things when I stand next to
  them|Not a meeting, just watching}.
A: {Of course|I'd like that}. {There's a depot near <city> that likes visitors|I'd have to ask, but I know
  who'd say yes}. {They start at five, and the tour ends with breakfast|The best time is between six and
  eight}.
B: {I'm up anyway|Five is fine}. {Could I bring two of my people|Can Gerda come along}?
A: {Bring whoever will have to use it|The more the better}. {And ask them what you can't ask me|I'll be
  late on purpose, so that you can talk}.
D: {Now I'm curious|I like that}. {What would they say about you, after breakfast|And if they say something
  bad}?
C: {That we talk too much|Then we've learned something}.
B: {<weekday>s are good for me|Let me look at <weekday>}.
A: {I'll send you <few> dates|I'll find one}.

A: {What happens if you do nothing|Let me ask something strange. Why not just leave it}?
B: {Nothing, for a while|Good question}. {It's worked for <few> years|Everybody knows the tricks}. {But two
  of the people who know the tricks retire next year|And then one of the big customers asks for numbers,
  and we haven't got any}.
D: {That's the real reason, I think|They've asked already}. {<customer> wants it by <month>|Last time we
  made them up. No, we estimated}.
C: {So it isn't about the pain, it's about who knows what|So there's a date, in a way}.
B: {In a way, yes|I hadn't seen it like that}. {It's in three heads|And one of the heads is mine}.
A: {Then let's get it out of the heads first|Then I'd start there}. {Before any software|That you can do
  without us, by the way}.
B: {Would you help with that|How}?
A: {An afternoon, a wall and a lot of paper|@C does that with people}. {It's the best part|It costs
  nothing, and you keep the wall}.
C: {I bring the pens|I love those afternoons}.

C: {May I ask about the small print|What about reports}? {Who looks at numbers at your place|Do you get
  numbers out of it today}?
D: {Me|That's me}. {Every month, from four places|By hand, on the third of the month}. {Then I send it up,
  and nobody answers|My boss reads the first line}.
B: {I read the second one, too|That's not fair. Okay, it's fair}.
C: {What's in the first line|And what does the first line say}?
D: {How many were late|On time, in percent}. {It's always about ninety|It's <percent> minutes late on
  average, and nobody knows if that's good}.
A: {Is it the same everywhere|And per depot}?
D: {That I'd love to know|No idea}. {I can feel it, but I can't show it|<city> is worse, but don't quote me}.
A: {That you'd have on the first day|That's the easiest thing you could ask for}.
D: {Now you've got me|Really}? {Just that would be worth it|Say that again, slowly}.
A: {Per depot, per day, and where it comes from|On the first day}.
"""
