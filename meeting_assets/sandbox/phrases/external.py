"""Scenes with people of other companies: sales calls and customer interviews, and the pains they talk about.

A and C are from here, B and D are the guests.

ours    what the guest's people do, noun phrase     pain    clause        story   sentences
hack    what they do about it today, clause         cost    clause        wish    clause after "I wish"
feature noun phrase, singular                       proof   sentence      worry   question => answer
"""

PAINS = """
ours: the early gate
pain: forty trucks arrive at six and we have four doors
story: Last winter they were queueing back to the motorway, and the police called. | One driver slept in
  front of the gate because he'd come the day before.
hack: we call people the evening before, one by one | there's a list at the gate, in pencil
cost: we pay waiting time for about thirty trucks a week | my night shift spends two hours on the phone
wish: they could pick a slot themselves | the gate knew who's coming
feature: the slot booking
proof: Kestrel Parcels went from two hours of waiting to twenty minutes.
worry: What if somebody doesn't keep their slot? => They get the next free one, and you see it in the report.
worry: Do the drivers need an account? => No, they get a link, and that's all they need.

ours: proof of delivery
pain: the signature is on paper and the paper's in a truck somewhere
story: In March we looked for one sheet for three days, and it was about eleven thousand. | The sheet had
  been used to light a barbecue. I'm not making that up.
hack: drivers take a picture and send it to my private phone | one colleague scans two hundred sheets every
  Friday
cost: we write off about two percent because we can't prove it | it costs us one person, full time
wish: the signature was there before the truck leaves the yard | somebody could simply look it up
feature: the driver app
proof: At Ottoline Furniture disputes went down by more than half in the first quarter.
worry: Does it work without a signal? => It does, it keeps everything and sends it later.
worry: Whose phone is it? => Yours or theirs, both work. Most start with theirs.

ours: the monthly invoices
pain: the numbers never match what we agreed on
story: We had an invoice with a surcharge for snow. In July. | Last month it took four of us to explain one
  number.
hack: we've got a spreadsheet with nineteen tabs | I check every tenth one and hope
cost: closing the month takes us eight days | we lose customers over things like that
wish: I could see where a price comes from | it was simply right the first time
feature: the price history
proof: Fairlane Tools closes the month in three days now, with the same team.
worry: Can we bring our old price lists? => Yes, we import them together in the first week.
worry: What if the rules are complicated? => They usually are. We take your worst ten and start with those.

ours: the phones
pain: everybody calls to ask where their delivery is
story: On Mondays the line is busy from seven to ten, and the important calls don't get through. | My best
  dispatcher left because of the phone, she told me that in so many words.
hack: we take turns, an hour each | we tell people it's about an hour away, whatever happens
cost: it's three hundred calls a week, and four minutes each | nobody plans anything before ten
wish: they could see it themselves | the phone was only for real problems
feature: the live map
proof: Brightyard Markets had sixty percent fewer calls after a month.
worry: How exact is it? => Eight seconds on average, and it says so when it's older.
worry: Can the drivers switch it off? => In their breaks, yes, and that's important to us.

ours: returns
pain: things come back and nobody knows what they are
story: There was a sofa in the hall for five weeks with a note saying ask Frank. We don't have a Frank. |
  We sent the same fridge back to the same customer twice.
hack: it goes into a corner and once a month we sort it | whoever finds it writes a mail to everybody
cost: a third of it is worth nothing by the time we've sorted it | we refund things we never got
wish: the label came with the return and not after it | the hall could be empty on Friday
feature: the returns desk
proof: At Copperfield Books a return is back on the shelf in two days.
worry: Does that work with our own labels? => Yes, it reads whatever code is on them.
worry: And if there's no label at all? => Then a picture and three questions, and it finds nine out of ten.

ours: customs
pain: one wrong field and the truck stands there all night
story: We had flowers at the border for fourteen hours. You can imagine the flowers. | The form was fine,
  the stamp was on the wrong page.
hack: one person knows how it's done, and she retires in spring | we copy the last form and change the date
cost: every night at the border is about nine hundred euros | we turn down jobs because of it
wish: the form filled itself in | somebody told me before the truck leaves
feature: the customs assistant
proof: Saltmarsh Breweries had one rejected form in six months, and that was a typing error.
worry: Is it always up to date? => We change it the week the rules change, and you get a note.
worry: Who's responsible if it's wrong? => You still sign it, we show you what we're not sure about.
"""

SALES = """
# first
A: {Maybe you start, what made you look for something like this|Before I show anything, what's the reason
  we're talking today}?
B: {Mostly|In one sentence}, it's <ours>. {The situation is that|The thing is}, <pain>. {It's been like
  that for years|It got worse this year}.
A: {What do you do about it today|And how do you handle that at the moment}?
B: {Well|Don't laugh}, <hack>.
D: {And it works until somebody's ill|It's not as bad as it sounds. It's worse}.
A: {I've heard that more often than you'd think|You're in good company}. {And what does it cost you,
  roughly|Have you ever put a number on it}?
B: {We did, actually|Hard to say exactly}. <cost>.
C: {That's a lot|Wow, okay}.
A: {Thank you, that helps me|Okay, good}. {Then I know what to show you|Then let me show you just that part}.

D: {Let me give you an example.|Can I tell you a story about that?} <story>
A: {Oh no|You're joking}. {What did you do|And then}?
D: {What could we do? <hack>|We laughed, and then we didn't}. {But that's why|Since then} I say, I wish
  <wish>.
A: {And that's what|That's exactly what} <feature> {is for|does}. {Let me share my screen|I'll show you, it
  takes three minutes}. {Can you see it|Is it big enough}?
B: {Yes|We can see it, thanks}.
A: {So here's a normal day|This is how it looks in the morning}. {Green is fine, and the two yellow ones
  need a look|You see at once what's late}. {If I click here, I see everything about it|And one click
  further is the whole history}. {That's it, really|There's nothing else to learn}.
B: {That's simpler than I thought|Okay, I get it}. <worry>
A: <answer>
D: {Good|That would have been my question too}.

B: {How long does it take until we can use that|What does it take to get started}? {Honestly|Be honest}.
A: {For <feature>, about <few> weeks|The first depot is usually live in <few> weeks}. {Most of that is your
  data, not our software|We need one person from you, about two hours a week}.
C: {And I'd be with you the whole time|I'm the one who does that with you}. First we take a copy of your
  data, then we try a week next to what you have, then you decide. {We start where the mood is best, not
  where the problem is biggest|Most people need <few> days until it feels normal}.
B: {Next to it|In parallel}? {So nothing breaks.|I like that.}
C: {Exactly|Yes}. {Nobody has to be brave|You can stop at any time}.
D: {And our people|What about training}? {Some of them are not exactly friends of computers|We've got
  drivers over sixty}.
C: {Half an hour, in the break room|They usually like it best}. {2~The oldest user I know is seventy-one,
  and he sends me ideas|And I bring cake, that's half the training}.
D: {2~Ha. Then there's hope for me|Okay, cake works}.

B: {Let's talk about the price.|And what does it cost?}
A: {Sure|I thought you'd ask}. {It's per depot and month, everything included|You pay per truck, and it
  gets cheaper with more of them}. {For what you told me, that's about <few> thousand a month|With your
  size we'd be around <few> thousand}.
B: {Hmm|That's more than I thought}. {We had an offer that was half of that|I'll have to explain that to my
  boss}.
A: {I understand|That's fair}. {May I ask what was in it|What did that include}?
B: {Not the part with <ours>, now that you ask|I'd have to look it up. I think without the setup}.
A: {You said that <cost>. If we take away half of that, it pays for itself by <month>|Then compare it with
  what you told me about <ours>. That's what I'd put next to the price}.
D: {That's a fair point|That's how I'd argue it}.
B: {It's a point|Okay}. {Could you send me that on one page|Can you write that down, without the colours}?
A: {You'll have it tomorrow|One page, no colours}.

D: {Who else uses it|Who's using it already}?
A: {Quite a few, yes|We do}. <proof>
D: {Can we talk to them|Would they talk to us}?
A: {Of course|I'll ask them}. {They'll also tell you what they don't like|Ask them about the first two
  weeks, those are never nice}.
B: {That's honest|I like that}. {What would they say is bad|And what don't they like}?
C: {The reports could be prettier|It takes a while until all the old data is in}. {We're working on
  that|It's on the list for <month>}.
B: {I can live with that|If that's the worst thing}.

B: {And where's our data|What about security}? {Our IT will ask|I've got a list from our IT, it's four pages}.
A: {Send me the list|Happy to answer all of it}. {The short version: it stays in Europe, it's yours, and
  you can take it with you|We get that list every week, so you'll have it back on <weekday>}.
C: {And single sign-on works too|I can join a call with your IT}, {if you want your people to use their
  normal login|that's usually quicker than the list}.
B: {A call would be good|That would help a lot}. {His name is Bernd and he's never impressed|She'll ask
  about backups first, then about everything}.
C: {I like those|My kind of person}. {<weekday> at <time>|Some time on <weekday>}?
B: {I'll check|Let me ask and write to you}.

# last
A: {What would be a good next step for you|So, how do you want to go on}?
B: {1~I'd like to show it to two colleagues|I want the people from the yard to see it}. {1~If they say no,
  it's no|They're the ones who'd use it}.
A: {Very good idea|I'd do the same}. {<weekday> next week|Shall we say <weekday> at <time>}? {Forty-five
  minutes, and they get to click|We come to <city>, if you like}.
D: {Coming here would be better|If you come, I'll show you <ours>}. {Then you see what I mean|Bring boots}.
A: {Deal|I'd love to}. {I'll send an invitation, and the page with the numbers|You get the mail today}.
B: {Perfect|Good}.
"""

INTERVIEW = """
# first
A: {Thanks for taking the time|I'm glad this worked out}. {I'd like to listen more than talk|There are no
  right answers, and I'm not selling anything}. {Could you walk me through a normal day|What does your
  morning look like}?
B: {Okay|Sure}. {I'm in at half past five|The first thing I do is coffee, the second is the list}. {Then I
  look after <ours>, and that's where it starts|And then it's <ours> until about nine}. {Because|The
  trouble is}, <pain>.
A~: {Mhm|Okay}.
A: {What do you do then|And what happens next}?
B: {Well|It depends}. {Usually|Most days}, <hack>. {Everybody knows that|That's just how we do it}.
A: {And how does that feel|Is that okay for you}?
B: {You get used to it|Nobody ever asked me that}. {But on a bad day I go home and I haven't done a single
  thing I planned|I'd rather do my actual job}.

A: {Tell me about the last time it went wrong.|When was the last bad day?}
B: {That's easy|Oh, I remember that well}. <story>
A: {Really|Oh no}! {Who noticed first|How did you find out}?
B: {A customer, of course|My colleague, by pure luck}. {They called, and I didn't know what to say|And then
  everybody was suddenly very busy}.
D?: {I was on holiday, luckily|I was the one who took the call}.
A: {And what did you change after that|Did anything change because of it}?
B: {We made a new list|For two weeks everybody was careful}. {And then|After that}, <hack>. {So, back to
  normal|Nothing, really}.
C: {What would have helped on that day|If you could go back to that morning, what would you want to know}?
B: {Hmm|Good question}. {I wish <wish>|If <wish>, that wouldn't have happened}. {That's all.|It's not much,
  is it?}

C: {Can I ask about <feature>|You've used <feature>, right}? {What do you do with it|When did you last open
  it}?
B: {This morning|Every day}. {I only use two buttons|I don't know what the rest is for}. {1~I open it, I
  write it down, I close it|I open it, I look for red, I close it}.
C: {That's interesting|Okay}! {Could you show me|Would you share your screen}?
B: {If I find it.|Sure. Where is it? Ah.} {1~So here, I do this, and then I write it down|You see, I scroll
  all the way to the bottom first}.
C: {1~Why do you write it down|Why to the bottom}?
B: {1~Because on Monday it's gone|Because the new ones are down there}. {Isn't that how it's supposed to
  be?|I thought everybody does that.}
C: {No, but that's our fault, not yours|It isn't, but it makes sense}.
A~: {Mhm}.
A: {That's very helpful|I've learned more in two minutes than in two months}.

D: {Can I add something|May I}? {For me it's a bit different|I'm in the office, so I see the other end}.
  <cost>, {and that's what I look at|and nobody in the yard believes me}.
A: {How do you know|Where do you see that}?
D: {I count it|I've got a sheet}. {Every Friday, by hand|It takes me an hour a week, and I do it at home}.
B: {I didn't know that|You never told me}!
D: {You never asked|Well, now you know}.
A: {Would you share that with each other, if it was there|If that number was on the wall, would it help}?
D: {It would help me|I think so}. <worry>
C: <answer>
D: {Okay, then yes|That's good}.

A: {If you had a magic wand|If I gave you three wishes}, {what would you change first|what's the first thing}?
B: {First|The first one}: I wish <wish>. {That alone|Only that}.
A: {And the second|Next}?
B: {Less paper|That somebody picks up the phone in <city>}. {I'm serious|You wouldn't believe it}.
D: {And a heater|A door that closes}.
A: {That one I can't do|I'll write it down anyway}. {And what should we leave exactly as it is|What should
  we never touch}?
B: {1~The big list|The colours}. {1~If you change that, I'll come to your office|I see in one second if
  it's a good day or a bad day}.
A: {Understood|Noted. Twice}. {What makes it so good|Why that one}?
B: {It doesn't want anything from me|It's quiet}. {It just tells me|No pop-ups, no questions}.

C: {How do you talk about this with the drivers|And the drivers? What do they say}?
B: {They've got their own words for it|They don't like it when it's complicated}. {If I say <feature>,
  nobody knows what I mean|They call it the thing}.
A: {And what do you call it|What do you say instead}?
B: {1~The list|The board}. {1~Look at the list, it says so on the list|That's what it was before, a board}.
C: {We should call it that|I love that}. {Seriously|I mean it}.
B: {You can have it for free|I want a cake for that}.
D?: And use bigger letters.
A+: {Bigger letters|Good}.
A: {Which phone do they have|On which screen}?
B: {Old ones|All kinds}. {With gloves on|Always in the rain}.

# last
A: {Is there anything I should have asked|What did I forget to ask}?
B: {1~Nobody ever asks about nights|You didn't ask about the weekend}. {1~At night there's one person, and
  that person does everything|On Saturday <pain>, and there's nobody in the office}.
A: {1~Could I come and see that|Would it be okay if I came by on a Saturday}?
B: {1~You'd come at night?|At five in the morning?} {Bring a coat.|Then I believe that you mean it.}
A: {I'll bring two coats|It's a deal}. {What happens with what you told us: I write it down, you get to
  read it first|You'll get a summary, and you can cross out whatever you like}.
B: {Fine with me|You can keep all of it}.
"""
