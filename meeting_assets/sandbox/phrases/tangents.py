"""Scenes about life in the company: budgets, visits, training, tools, rotas. They need no piece of work."""

TANGENTS = """
A: {One organisational thing|Something else}: {the offsite|our two days in <month>}. I have two offers,
  <city> and <city.2>. {Any preferences|What do you think}?
B: {<city>, because of the trains. The other one is four hours for me|<city>. I can be home for bedtime,
  and the other one means flying}.
C: {I don't mind|Both are fine}, {1~as long as there's a room with windows. Last year we sat in a cellar|as
  long as there's one afternoon without slides. Last year it was twelve talks in a row}.
A: {1~I remember the cellar|I counted them}. {One day of work, one day of walking|Mornings for work,
  afternoons outside}?
B: {I like that|Yes please}. {And somebody else cooks|And no karaoke}.
C~: {Ha|Oh yes}.
A: {I can't promise that|Noted}. {I'll book <city> then|Then it's <city>}, {and I'll send a mail about the
  rooms|tell me by <weekday> if you can't come}.

B: {I've got a question about the budget|Budget question}. {Is there anything left for training|Can we
  still book a course this year}?
A: {A bit|Some}. {What did you have in mind|What is it}?
B: {1~There's a course in <city>, two days. It's about writing things people actually read|There's a
  workshop in <month>. It's about talking to users without leading them}. {@C did it last year|<name> was
  there and still talks about it}.
C: {I heard it's really good|I'd recommend it}. {1~You write one page, five times|You have to interview a
  stranger on the first morning}. {The first hour is strange, and then it's great|After that you see
  everything differently}.
A: {What does it cost|And how much is it}?
B: {Twelve hundred, and the train|Less than my last phone bill. No, about nine hundred}.
A: {That works|Fine, book it}. {The deal is as always: you show the rest of us what you learned|And then
  half an hour for everybody, in <month>}.
B: {Gladly|Deal}. {Thank you|That's great}.

C: {Can we talk about reviews for a moment?|I've got a small complaint.} {I've been waiting since
  <weekday>|Mine was open for <few> days}. {Nobody's fault, but I've forgotten what I did|By then I'd
  started the next thing}.
B: {That's on me, sorry|I saw it, and I thought @A had it}. {It was a big one|It had forty files}.
C: {It was|Guilty}. {Half of it was moving things around|I should have cut it in two}.
A: {Two rules, then|So let's agree on something}. {Small ones the same day, and if it's big, you book half
  an hour together|Nobody starts something new before looking at what's open}.
B: {I'd sign that|Works for me}. {Before lunch is my best time|I could do it first thing in the morning}.
C: {That's all I want|Perfect}. {And I'll keep mine small|And no more forty files, I promise}.

A: {Next week we've got visitors|We're having visitors on <weekday>}. {Four people from
  <customer>|<customer> comes with <few> people}. {They want to see how we work|It's mostly to get to know
  each other}.
B: {1~All day|Should we clean up}?
A: {1~From ten to three|A little, yes}. {I'd show them around, then @C and you talk about what's coming|I
  show them around, lunch is at the Italian place, and then it's you two}.
C: {How much do they know|What are we allowed to show}? {They've seen the old plan, I think|I don't want to
  promise things again}.
A: {Show what's there|Only what works}. {And one thing that isn't finished, so that they can say something
  about it|If they ask for dates, look at me}.
B: {I can do that|Okay}. {I'll prepare a real example, with their own data|I'd rather show the product than
  slides}.
A: {Much better|Please do}. {Nobody remembers slides|And ask them questions}.

B: {I'd like to change something about the rota|About being on call}. {I had <weekday> and the weekend, and
  then again after ten days|It's always the same four people}.
A: {That's not how it should be.|How did that happen?}
B: {<name> was ill, and I said yes|The list was made before people left}. {It's okay once|I'm not
  complaining, well, a little}.
C: {I could take two of yours|I'd join the list}. {I'd need somebody to show me around first|I don't know
  everything, but I can read a runbook}.
B: {Would you? That would be fantastic|Really? I'd show you}. {The first one we do together|You take the
  days and I take the nights, the first time}.
A: {Great|Thank you, @C}. {And I'll make a new list, with six names|And whoever has a weekend gets
  <weekday> off. Really off}.
B: {That's fair|I'd be very happy with that}.

C: {I found out what we pay for tools.|Did you know how many tools we pay for?} {Thirty-one|Twenty-six, and
  I'm not sure that's all}. {Four of them do the same thing|Nobody's logged in to nine of them this year}.
A: {Thirty|That many}? {Which ones could go|How did you find that}?
C: {The invoices, one by one|<name> in finance gave me the list}. I'd cancel the two whiteboards, the old
  chat, and something called Plumb.
B: {Oh. Plumb is mine|Plumb, that's me}. {I use it, once a month|I've got three years of drawings in there}.
C: {I can export them. Is there anything in it you'd miss|Would you miss it}?
B: {Probably not|Honestly, no}. {I never look at them again|I'd save two or three}.
A: {Okay, cancel the rest|Then do that}. {What does that save|And what do we save}?
C: {About <few> thousand a year|Enough for the offsite}.
A: {Not bad for an afternoon|Excellent}.

A: {Has everybody done the security training?|There's still the security training.} {I see <few> names
  missing|It ends on <weekday>}.
B: {Is that the one with the videos|The one with the man in the hoodie}? {I started it.|I got to the
  parking lot.}
A: {That one|Yes, that one}. {Twenty minutes|It's not great, but it's short}.
C: {I've done it. But I also clicked on the fake mail|Done, but the fake mail got me}. {It was very well
  made|I'm not proud of it}.
B: {The one about the parcel|Which one was that}?
C: {No, the one about the salary list|The one about the free lunch}.
A: {Oh dear|I nearly clicked on it, too}. {But that's why we do it|Don't be embarrassed}.
B: {I'll do it this afternoon|Today, promise}.

B: {We have a student starting on <weekday>|Our new student starts in <month>}. {What do we give them?|I
  was wondering what the first task should be.}
C: {Something real|Not the thing nobody wants to do}. {Small enough for <few> days, and visible|I got the
  old archive in my first week, and I nearly left}.
A: {Who looks after them|And who's the person to ask}? {It shouldn't be somebody who's in meetings all
  day|Not me, I'm never there}.
B: {I'd like to do it|I'd do the first two weeks}. {Half an hour every morning|Then I have to tidy up my
  own notes, too}.
C: {And I'd take them along to a customer|And one day in the yard}. {You understand more in a day than in a
  month|I can ask in <city>}.
A: {That's a lovely plan|I wish I'd started like that}. {Write it down, we'll need it again|Let's do it
  like that with everybody}.

C: {I've been asked to give a talk|There's a conference in <city>}, {and I don't know if I should|and
  they'd like somebody from us}.
A: {What about|On what}?
C: {How we work with depots|What we got wrong last year}. {Thirty minutes, in English|In front of two
  hundred people}. {I've never done that|I'm already nervous}.
B: {Do it|You have to}! {You explain things better than anybody here|We've all heard you talk about it for
  hours}.
A: {I agree|I'd be proud}. {Tell the story with the paper list|Start with the mistake. Everybody likes
  that}. {And try it on us first|You can practise here}.
C: {Would you listen to it|Would you come}?
B: {With popcorn|Of course}.
C: {Okay|All right}. {Then I'll say yes|I'll write to them before I change my mind}.

A: {How do we want to do the plan for the quarter?|About the quarter.} {1~Last time it was a list of forty
  things|Last time we made a big plan, and after three weeks it was wrong}.
B: {1~And we did eleven|Three weeks is optimistic}. {I'd rather have three things|I'd like to say what we
  want to be different in <month>, not what we build}.
C: {I'd still need dates for <customer>.|What do I tell the customers, then?}
B: {A direction, and a date when we know more|Tell them what's next, and what's later}. {That's more
  honest|Everything else we change anyway}.
C: {Some will be fine with that|I can try}. {2~<customer> wants it in writing, though|For some I need one
  thing that's certain}.
A: {2~Then they get it in writing, with less in it|For those we pick one thing and keep it}. {So, three
  things|Okay}. {Everybody sends me theirs by <weekday>|I collect, and on <weekday> we argue}.
B: {I'm looking forward to the arguing|Good}.

B: {Something I noticed in the support channel|This is small, but}: {people are asking the same person all
  the time|every question goes to <name>}. {If <name> is away, everything waits|It's flattering, but it's
  not healthy}.
A: {True|I saw that, too}. {What could we do|How do we change that}?
C: {Write the answers down|I could sit next to <name> for a day and take notes}. {Not all of them, the top
  twenty|And then we answer with a link}.
B: {And whoever asks writes the answer up|The rule in my last company was: ask anything, but write down
  what you heard}. {It sounds strict, but it worked|After two months there was a page for everything}.
A: {I like that|Let's start with that}. {1~Is <name> okay with it|Did you talk to <name>}?
B: {1~Yes. Very relieved, I think|It was <name>'s idea}.

C: {Quick reminder from my side|One date}: {the audit is on the <day>|on the <day> the auditors come}.
  {1~They'll want to talk to two of us|They pick five changes and ask who approved them}.
B: {1~Which two|Which five}?
C: {1~They choose|At random}. {So everything from <month> on should have a ticket|I looked, and <percent>
  percent have no ticket}.
A: {That's not so bad|Hmm}. {Can we add that afterwards|Is that a problem}?
C: {You can say why afterwards, you can't say who|They don't mind, as long as it's getting better}. {I'd do
  it together, an hour on <weekday>|If everybody looks at their own, it's ten minutes each}.
B: {Okay, put it in the calendar|Send me my list}. {I'd rather do it once and properly|I'll bring biscuits}.
"""
