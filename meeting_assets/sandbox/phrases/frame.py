"""How meetings begin and end, and what people talk about while they wait."""

OPENINGS = """
A: {Hi everyone|Good morning|Hello, hello}. {Can you hear me|Is my sound okay}?
B: {Yes, loud and clear|Yep, we can hear you|Hi @A, yes}.
C?: {Morning|Hi all|Hello}.
A: {Great|Good}. {Let's give it another minute.|I think we're complete, or nearly.|@C, is anybody else
  coming?}
B: {I think that's all of us|<name> said to start without waiting|Somebody's on a train, I heard}.
A: {Okay, then let's start|Right, let's get going}. {I've got the list here|The agenda is in the
  invitation|It's a short list today}.

B: {Hi|Hey, good morning}. {1~Sorry, my camera doesn't want to|One second, I can't find the button}.
A: {Take your time|No worries|Hi @B}.
B: {There we go|Okay, now}. {1~New laptop|It was the other window, as always}.
A: {Looks good|Ah, there you are}. {2~How's <city>|How was your weekend|Everything all right}?
B: {2~Raining, but fine.|Too short, as always.|Yes, thanks. And you?}
A: {2~Same here|Mine too|Can't complain}. {Okay, shall we?|Let's start, then.}

A: {Welcome, everybody|Thanks for making the time|Hi all, thanks for joining}. {The recording is on, just
  so you know|This is recorded for the people who can't be here}.
B: {Okay|Sure, fine|Good}.
C?: {1~Hello recording|Then I'll behave}.
A+: {1~Ha|Please do}.
A: {We've got <few> things today|I'd like to get through this quickly}, {and I'd like to leave <few>
  minutes for questions|and then you get some time back}.

A: {1~Can somebody close the window?|There's a bit of an echo.} {Is that you, @B|@B, could you mute for a
  second}?
B: {1~Sorry, that's the building site next door. Better?|Oh, sorry, two devices. Better?}
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
B: {Before I forget|By the way}, {1~has anyone tried the new coffee machine|did anybody see the new bike
  shelter|has anyone been to the place across the street}?
A: {1~I have. It's surprisingly good, and surprisingly loud.|I did. About time, too.|Not yet. Is it any good?}
B: {1~Better than the old one, which isn't hard|It's bigger than my first flat|I had lunch there twice
  already}.
C?: {1~I'm told there's a queue at nine|Mine doesn't fit, of course|I'll try it tomorrow}.
A: {Okay. Back to work.|Good to know. Where were we?}

A: {@B, how was the move|@B, how's the new flat}?
B: {Oh, thanks for asking|Don't ask}. {We're living out of boxes|The kitchen comes in <month>, so we eat a
  lot of bread}. {But it's light and it's quiet|The kids love it}.
A: {That's the main thing|Sounds familiar}. {Took us half a year until the last box|You'll get there}.
B: {I hope so|That's what everybody says}.

C: {1~Sorry, there's a dog in the background|If you hear barking, that's mine}.
A: {1~I thought that was mine.|What's the name?}
C: {1~Ha. No, that's Bruno|Olive. She hates the postman}.
B: {Dogs are welcome|My cat's asleep on the keyboard, so we're even}.
A: {1~Okay, with Bruno or without|All right, Olive}, {let's go on|next one}.

B: {1~Is it just me, or is it hot today?|It's freezing in this office.}
C: {1~They're fixing the air conditioning, I heard. It's thirty degrees in here.|I'm wearing a coat.}
A: {Work from home tomorrow, then|I told facilities twice}.
B: {I might|Good idea}.

A: {1~Did you do anything nice on the weekend|How was the weekend}, @B?
B: {2~We went hiking near <city>|Two birthdays in two days}. {2~My legs still hurt|I've had enough cake for
  a month}.
A: {2~Sounds good to me|Ha, I know that}. {3~We did nothing at all, and it was perfect|We painted the
  hallway}.
B: {3~Also nice.|Which colour?}
A: {3~Very|It's a kind of green. Ask me again in a year}.
"""

ACKNOWLEDGEMENTS = (
    "Mhm.", "Yeah.", "Right.", "Okay.", "Sure.", "Uh-huh.", "Yes.", "Ah.", "Mm.", "Exactly.", "True.", "Got it.",
)  # fmt: skip
FILLERS = ("um,", "uh,", "I mean,", "you know,")

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
