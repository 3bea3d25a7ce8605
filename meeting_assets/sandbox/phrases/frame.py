"""How meetings begin and end, and what people talk about while they wait."""

OPENINGS = """
A: {Hi everyone|Good morning|Hello, hello}. {Can you hear me|Is my sound okay}?
B: {Yes, loud and clear|Yep, we can hear you|Hi @A, yes}.
C?: {Morning|Hi all|Hello}.
A: {Great|Good}. {Let's give it another minute|I think we're complete, or nearly|@C, is anybody else coming}?
B: {I think that's all of us|<name> said to start without waiting|Somebody's on a train, I heard}.
A: {Okay, then let's start|Right, let's get going}. {I've got the list here|The agenda is in the
  invitation|It's a short list today}.

B: {Hi|Hey, good morning}. {Sorry, my camera doesn't want to|One second, I can't find the button}.
A: {Take your time|No worries|Hi @B}.
B: {There we go|Okay, now}. {New laptop|It was the other window, as always}.
A: {Looks good|Ah, there you are}. {How's <city>|How was your weekend|Everything all right}?
B: {Raining, but fine|Too short, as always|Good, thanks. And you}?
A: {Can't complain|Same here|Busy, but good}. {Okay, shall we|Let's start then}.

A: {Welcome, everybody|Thanks for making the time|Hi all, thanks for joining}. {The recording is on, just
  so you know|This is recorded for the people who can't be here}.
B: {Okay|Sure, fine|Good}.
C?: {Hello recording|Then I'll behave}.
A: {Ha|Please do}. {We've got <few> things today|I'd like to get through this quickly}, {and I'd like to
  leave <few> minutes for questions|and then you get some time back}.

A: {Can somebody close the window|There's a bit of an echo}. {Is that you, @B|@B, could you mute for a
  second}?
B: {Sorry, that's the building site next door|Oh, sorry, two devices|Yes, that's me. Better}?
A: {Much better|Perfect, thanks}.
B~: {Okay|Good}.
A: {So|Right}. {Good to see you all|Everybody had a coffee, I hope}. {Let's jump in|Let's start}.
"""

CLOSINGS = """
A: {Okay|Right}, {I think that's it|that's everything on my list}. {Anything else|Any other topics}?
B: {Not from me|No, I'm good|Nothing here}.
C?: {No, all clear|Same here}.
A: {Great. Then thank you all|Good. I'll send the notes around}. {Have a good <weekday>|Talk to you
  soon|See you on <weekday>}.
B: {Thanks, bye|Thank you. Bye bye|See you}.
C?: {Bye|Ciao|Thanks everyone}.
A: {Bye|Bye bye}.

A: {We're at time|I see we have two minutes left}. {Let me sum up|Quick summary}: {@B takes the first
  point, I'll write to <name>|@B has the ball, and I talk to <customer>}, and {we look at it again on
  <weekday>|the rest can wait}.
B: {Yes|Sounds right|Correct}.
C?: {Works for me|Fine}.
A: {Good|Perfect}. {Thanks, this was useful|Thanks, all}.
B: {Thanks @A|Bye everyone|Thank you, bye}.

B: {I have to jump, sorry|I've got the next one at <time>}.
A: {No problem, we're done anyway|That's fine, go}. {Thanks, @B|See you tomorrow}.
B: {Bye|Thanks, bye}.
A: {Okay, anybody else|Anything left}? {No? Then that's it|I'll take the silence as a no}. {Thank you|Bye
  everybody}.
C?: {Bye|Bye, have a good one}.
"""

SMALL_TALK = """
B: {Before I forget|By the way}, {did anybody see|has anyone tried} {the new coffee machine|the bike
  shelter|the place across the street}?
A: {I did|Not yet|Yes, yesterday}. {It's surprisingly good|It's a bit loud, but fine|Why, is it any good}?
B: {Better than the old one, which isn't hard|I had lunch there twice already|It's the talk of the floor}.
C?: {I'm told there's a queue at nine|I'll try it tomorrow}.
A: {Okay. Back to work|Good to know. Where were we}?

A: {@B, how was the move|@B, how's the new flat}?
B: {Oh, thanks for asking|Don't ask}. {We're living out of boxes|The kitchen comes in <month>, so we eat a
  lot of bread}. {But it's light and it's quiet|The kids love it}.
A: {That's the main thing|Sounds familiar}. {Took us half a year until the last box|You'll get there}.
B: {I hope so|That's what everybody says}.

C: {Sorry, there's a dog in the background|If you hear barking, that's mine}.
A: {I thought that was mine|What's the name}?
C: {Ha. No, that's Bruno|Olive. She hates the postman}.
B: {Dogs are welcome|My cat's asleep on the keyboard, so we're even}.
A: {Okay, with Bruno or without|All right}, {let's go on|next one}.

B: {Is it just me or is it hot today|It's freezing in this office}.
C: {They're fixing the air conditioning|Thirty degrees in here, I checked|I'm wearing a coat}.
A: {Work from home tomorrow, then|I told facilities twice}.
B: {I might|Good idea}.

A: {Did you get any time off over the weekend|How was the weekend, @B}?
B: {We went hiking near <city>|Two birthdays, so no}. {My legs still hurt|I've had enough cake for a month}.
A: {Sounds good to me|Ha, I know that}. {We did nothing at all, and it was perfect|We painted the hallway}.
B: {Also nice|Which colour}?
A: {Exactly|White, don't get excited|It's a kind of green. Ask me again in a year}.
"""

ACKNOWLEDGEMENTS = (
    "Mhm.", "Yeah.", "Right.", "Okay.", "Sure.", "Uh-huh.", "Yes.", "Ah.", "Mm.", "Exactly.", "True.", "Got it.",
)  # fmt: skip
FILLERS = ("um,", "uh,", "I mean,", "you know,", "kind of", "actually,", "like,", "sort of", "well,")

CHAT_LINES = (
    "Here are the notes: https://wiki.harbourlight.example/notes",
    "+1",
    "Sorry, have to take the door, back in a minute",
    "Can you share the link again?",
    "👍",
    "https://board.harbourlight.example/b/214",
    "My sound is gone, rejoining",
    "Great numbers!",
    "I'll follow up by mail",
    "Is this the new version?",
    "Could someone zoom in a bit?",
    "lol",
)
CHAT_TO_BOT = (
    "please don't note the last part",
    "Notetaker: mark this as a decision",
    "what did I miss?",
)

SLOTS = {
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "few": ("two", "three", "four", "five"),
    "percent": ("twelve", "fifteen", "eighteen", "twenty", "twenty-two", "thirty", "thirty-five", "forty"),
    "day": ("tenth", "twelfth", "fifteenth", "twentieth", "twenty-fifth"),
    "month": ("January", "March", "April", "May", "June", "September", "October", "November"),
    "time": ("two", "half past two", "three", "eleven", "half past three", "four"),
    "city": ("Leeds", "Porto", "Gdansk", "Lyon", "Rotterdam", "Graz", "Antwerp", "Malmö", "Turin", "Cork"),
    "name": ("Henrik", "Paula", "Yusuf", "Ines", "Tobias", "Marta", "Rafael", "Noor", "Gwen", "Dmitri"),
    "customer": (
        "Bellweather Foods", "Kestrel Parcels", "Ottoline Furniture", "Tidewater Pharma", "Brightyard Markets",
        "Fairlane Tools", "Saltmarsh Breweries", "Copperfield Books",
    ),
}  # fmt: skip
"""Small things that are named in passing; a scene may fill a slot with what it is about."""
