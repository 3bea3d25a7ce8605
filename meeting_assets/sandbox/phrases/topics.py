"""Pieces of work that colleagues talk about, with matching troubles, causes, fixes, questions and answers.

thing   singular noun phrase            fix     bare infinitive       risk, gain   clause
part    noun phrase without article     doing   gerund                ask          question => answer
trouble, cause   clause                 done    simple past
"""

TOPICS = """
thing: the nightly import
part: header check | retry queue | summary mail
trouble: it drops the last row when a file has no line break at the end | it starts again from zero when
  one depot times out
cause: the parser trusts the first line of every file | the retry forgets how far it had got
fix: read the columns from the schema instead of the first line | remember the last good row for each depot
doing: moving the retry logic into the queue | writing a check that compares row counts
done: moved the parser behind a feature flag | replayed three weeks of old files
risk: we lose a night of data and nobody notices until noon | one broken file holds up all the others
gain: the depots see their numbers before the first truck leaves
ask: Does it still work for files over two gigabytes? => It does, I tried one with four, it takes about six
  minutes.
ask: What happens to a file that arrives twice? => The second one is recognised by its checksum and skipped.
ask: Who gets the mail when it fails? => Right now only me, which is exactly what I'd like to change.

thing: offline mode in the driver app
part: sync indicator | conflict screen | local cache
trouble: it shows deliveries from yesterday after a long tunnel | two drivers can sign off the same parcel
cause: the cache is only cleared on login | we resolve conflicts by the clock of the phone
fix: give every change a sequence number from the server | clear the cache whenever a new shift starts
doing: testing with phones in a metal box, honestly | building the little banner that says you're offline
done: rode along with a driver for half a day | rewrote the conflict screen
risk: a driver trusts a list that is an hour old | the battery doesn't last the shift
gain: nobody has to drive back just to get a signature
ask: How long can a phone be offline before it gives up? => We tested nine hours, that's a full shift, and
  it caught up in under a minute.
ask: Do photos count as changes too? => They do, but they wait for wifi, otherwise the data plan is gone by
  noon.
ask: Is that the same on the older tablets? => Slower, but yes, the same. The old ones just take longer to
  catch up.

thing: the invoice export
part: tax line | page break | totals table
trouble: it puts the totals on a page of their own | it rounds each line and then the sum is a cent off
cause: we round before we add | the layout engine doesn't know how tall the footer is
fix: add first and round once at the end | measure the footer before we lay out the table
doing: comparing old and new invoices for a whole month | talking to finance about the rounding rules
done: generated all of last month's invoices with both versions | fixed the footer
risk: a customer refuses to pay over one cent, which has happened | we send the same invoice number twice
gain: finance can close the month two days earlier
ask: Can it do more than one currency? => One per invoice. Mixed ones are rejected with a clear message.
ask: What do we do about invoices that are already out? => Nothing. We only correct the ones people
  complain about.
ask: Is the old format still available? => Until the end of the quarter, then we switch it off.

thing: the booking search
part: date filter | ranking | index rebuild
trouble: it takes eight seconds on a Monday morning | it can't find a booking by the last four digits
cause: every search reads the whole archive | the index is rebuilt while people are working
fix: keep the last ninety days in their own index | rebuild the index at night
doing: measuring what people actually type | trying the smaller index with two depots
done: logged the slowest hundred searches | cut the first page down to what people look at
risk: somebody books twice because the first one didn't show up | the numbers look fine on average and
  terrible on Mondays
gain: the dispatcher doesn't have to keep the customer on the line
ask: How many searches are we talking about? => About forty thousand a day, and a third of them are the
  same twenty.
ask: Would caching help? => For the repeated ones yes, for the Monday problem no.
ask: Did anybody complain? => Two depots did, and the others have simply stopped using it.

thing: single sign-on
part: logout | group mapping | error page
trouble: it logs people out in the middle of a shift | new people land on an empty page
cause: the token lives an hour and nobody renews it | we look the groups up before they exist
fix: renew the token in the background | create the user first and map the groups afterwards
doing: writing the setup guide for administrators | testing with the second identity provider
done: got the first customer through the whole setup without a call | replaced the error page with one that
  says something
risk: we lock out a whole company on their first day | support ends up doing the setup for everybody
gain: we can finally answer that line in every security questionnaire
ask: Do we still allow passwords next to it? => The administrator decides. By default yes, for one
  emergency account.
ask: How long does a setup take? => Twenty minutes if they have the right person in the call, two weeks if
  not.
ask: Is that included in the small plan? => No, and that's a discussion for sales, not for us.

thing: the price rule editor
part: preview | rule order | weekend surcharge
trouble: two rules can cancel each other out without a warning | nobody can tell which rule made the price
cause: rules are applied in the order they were typed in | the preview uses yesterday's prices
fix: show for every price which rules went into it | let people drag the rules into order
doing: sketching the explanation panel | going through the forty oldest rules with operations
done: interviewed four people who use it every day | built a preview that uses live prices
risk: somebody gives away a week of transport for free | people go back to their spreadsheets
gain: a new price is live in five minutes instead of a ticket
ask: Can you undo a rule? => Yes, every save is a version, and you can go back to any of them.
ask: Who is allowed to change prices? => Managers only, and every change names the person.
ask: What about rules that ended years ago? => They stay, greyed out, because old invoices refer to them.

thing: the live map
part: clustering | refresh rate | vehicle popup
trouble: it freezes the browser above three hundred vehicles | trucks jump back and forth by a block
cause: we redraw everything for every position | two trackers report for the same truck
fix: draw only what moved | trust the newer tracker and ignore the other one
doing: replaying a busy Friday at ten times the speed | moving the drawing off the main thread
done: got it to two thousand vehicles on an old laptop | found out which trackers disagree
risk: dispatch turns the map off and goes back to the phone | we promise live and deliver two minutes late
gain: a customer gets an honest answer to where is my truck
ask: How old is a position when we show it? => Eight seconds on average, forty in the worst case.
ask: Can customers see it too? => Only their own deliveries, and only on the day.
ask: Does it eat the phone's battery? => Less than the music people listen to, about four percent a shift.

thing: the reminder service
part: quiet hours | unsubscribe link | delivery report
trouble: some people get the same reminder three times | it sends at four in the morning in another time zone
cause: the retry doesn't look whether the first one went out | we take the time zone of the depot and not
  of the person
fix: write down every message before it is sent | ask for the time zone once and keep it
doing: cleaning up the list of templates | testing with real numbers from our own phones
done: found eleven thousand duplicates in one month | added quiet hours from nine to seven
risk: people block our number altogether | the provider throttles us on the busiest day
gain: one in five missed appointments simply goes away
ask: What does one message cost us? => Around four cents, so the duplicates cost more than the fix.
ask: Can people answer? => They can, and we read stop and nothing else at the moment.
ask: Is there a fallback when it can't be delivered? => An email, after ten minutes.

thing: the test suite
part: booking scenario | parallel run | nightly job
trouble: one run in six fails and passes the second time | it takes thirty-four minutes and people stop
  waiting
cause: the tests share one database | half of them wait for a fixed number of seconds
fix: give each test its own schema | wait for the event and not for the clock
doing: sorting the flaky ones by how often they bite | splitting the run into four parts
done: deleted forty tests that tested nothing | got the fast part under five minutes
risk: a real failure gets ignored because red is normal | we freeze the release for a test that lies
gain: people trust green again
ask: Are we losing coverage? => On paper one percent. In reality nothing, those lines were never checked.
ask: Which one fails most? => The booking scenario, by a wide margin.
ask: Could we just run it less often? => We could, and then we'd find out a day later who broke it.

thing: the database move
part: read replica | cut-over plan | rollback script
trouble: the replica is four minutes behind at night | one table has no primary key at all
cause: the nightly report reads everything at once | somebody created it by hand in the early days
fix: move the report to its own copy | add the key over the weekend
doing: rehearsing the cut-over with a copy | writing the rollback script nobody hopes to need
done: moved the first two regions without anyone noticing | timed the whole thing, twice
risk: we have to roll back after people have already written data | the window is too short for the big region
gain: we stop paying for two clusters
ask: How long are we read-only? => Eleven minutes in the rehearsal, so let's say twenty.
ask: Who decides to roll back? => Whoever is on call, and nobody argues until the next day.
ask: Did the backup restore? => It did, last week, in fifty minutes, and we compared the counts.

thing: the onboarding wizard
part: sample data | progress bar | invite step
trouble: four in ten people leave at the invite step | the sample data is still there months later
cause: we ask for colleagues before there's anything to show them | there's no button to remove it
fix: move the invite step to the end | offer to delete the sample data after a week
doing: watching recordings of first sessions | rewriting the texts so that they say what happens next
done: cut it from nine steps to five | watched twelve people set up an account
risk: people think the product is hard before they've seen it | we optimise the steps and not the first week
gain: somebody can try it in a lunch break
ask: What's the drop-off now? => Down from forty to twenty-six percent since the change.
ask: Does it work on a phone? => It works, but I wouldn't call it nice.
ask: Do we know why they leave? => Half of them say they only wanted to look around.

thing: the permissions rework
part: read-only role | audit trail | team page
trouble: a temp can see what everybody earns | nobody dares to remove a role
cause: roles were copied from customer to customer | everything is allowed unless somebody forbids it
fix: start from three roles and add only what's missing | show what a role can see before it is saved
doing: listing who can see what today | migrating the first five customers by hand
done: found sixty-one roles that nobody has | wrote down the three roles we'd start with
risk: somebody can't work on Monday because we took a right away | we end up with sixty-one roles again
gain: an audit takes an hour and not a week
ask: What happens to people with a role we remove? => They get the next smaller one and a message.
ask: Can a customer make their own roles? => Later. First we want to see if three are enough.
ask: Is the change logged? => Every one, with name and time, and you can't delete it.

thing: the weekly report
part: cost chart | comparison with last year | download button
trouble: the numbers differ from the ones finance has | it arrives on Tuesday and the meeting is on Monday
cause: we count a delivery when it's planned and they count it when it's paid | it waits for the slowest
  region
fix: say on each number what it counts | send it on Sunday evening without the slow region
doing: sitting down with finance, number by number | building a small version for phones
done: wrote the definitions on one page | found the three charts that anybody opens
risk: two people argue about the chart instead of the business | nobody reads it once it's right
gain: the Monday meeting starts with a decision
ask: How many people open it? => Ninety of two hundred, and most of them on the phone.
ask: Can we see it per depot? => You can, that's the second tab, which nobody finds.
ask: Are returns included? => From this month on, yes, and there's a line that says so.

thing: the partner interface
part: rate limit | signature check | sandbox account
trouble: a partner polls us every second around the clock | old messages are delivered again after a restart
cause: there's no way for them to be told | we mark a message as sent before it was accepted
fix: offer them webhooks and explain why | mark it as sent when they answer
doing: writing examples that actually run | calling the five partners who make most of the traffic
done: put a limit on the noisiest one, with a friendly mail | fixed the double delivery
risk: we break a partner who never answers mail | everybody builds around our bugs
gain: a new partner is live in a day
ask: What do they get when they're over the limit? => A clear answer with the seconds to wait.
ask: Do we version it? => By date, and we keep each version for eighteen months.
ask: Who are the five? => Two carriers, one marketplace, and two that we think are the same company.

thing: the customs form
part: commodity codes | draft mode | signature page
trouble: people type the same address four times | a rejected form has to be filled in from scratch
cause: the form was copied from paper, field by field | we throw the draft away on submit
fix: fill in what we already know from the booking | keep the rejected one and mark what's wrong
doing: going through fifty rejected forms | checking the codes against the official list
done: spent a morning at the border office | cut it from sixty-two fields to thirty-one
risk: a truck waits at the border for a missing comma | the rules change in January again
gain: a form takes four minutes and not fifteen
ask: How many get rejected? => One in nine, and half of those for the same two fields.
ask: Do we check the codes? => We check that they exist, not that they make sense.
ask: Is a scanned signature enough? => In two countries yes, in the others not yet.

thing: the translation workflow
part: glossary | screenshot tool | review queue
trouble: the German buttons don't fit | nobody knows which texts changed since the last release
cause: we send words without the screen around them | texts live in four places
fix: send a screenshot with every text | move all texts into one file per language
doing: cleaning up the glossary with the agency | finding texts that aren't used any more
done: removed eleven hundred texts nobody sees | got the first language through in two days
risk: we ship half a sentence in the wrong language | the agency guesses and we don't notice
gain: a new language takes a week and not a quarter
ask: Which languages are next? => Polish and Portuguese, in that order.
ask: Who checks the legal texts? => Our lawyer, and we never change those without her.
ask: Can customers change wording? => Some ask for it, and so far we've said no.

thing: the calendar sync
part: recurring events | time zones | conflict notice
trouble: it creates the same appointment again after every edit | it's an hour off for two weeks in spring
cause: we match by title and not by id | we store the local time and forget the zone
fix: keep the id of the other calendar | store the instant and the zone
doing: testing the two weeks in spring | deleting duplicates for the customers who asked
done: rewrote the matching | collected every odd calendar we could find
risk: somebody stands in front of a closed gate at six | we delete an appointment that was real
gain: the gate knows who's coming
ask: Does it go both ways? => It does now, and that's where the duplicates came from.
ask: How fast is it? => About a minute, and faster if they let us subscribe.
ask: What about private appointments? => We see busy and nothing else.

thing: the damage photo upload
part: compression | consent text | claim form
trouble: photos arrive without the booking they belong to | one in ten uploads dies on a bad connection
cause: the booking is attached after the upload | we start again from the first byte
fix: send the booking first and the pictures after it | upload in small pieces
doing: trying it in a basement car park | asking insurance what they really need
done: made the pictures five times smaller | matched most of the orphans by time and place
risk: we pay for damage that was there before | a face ends up in a claim
gain: a claim is settled in two days
ask: How many photos per delivery? => Three usually, up to twenty when something's broken.
ask: How long do we keep them? => Two years, unless there's a claim.
ask: Can the customer see them? => Only in a claim, and only theirs.

thing: the alerting
part: night rota | disk alarm | runbook
trouble: it woke three people for a disk that was sixty percent full | the one alert that mattered went to
  a closed channel
cause: every team added alarms and nobody removed one | the limits were guessed three years ago
fix: delete every alarm without a runbook | page one person first and the next one after ten minutes
doing: counting which alarms led to any action | writing runbooks with whoever was woken
done: switched off two thirds of the alarms | moved the important one to the phone
risk: people sleep through the real one | we find out from a customer
gain: being on call is boring again
ask: How many pages last week? => Four, after nineteen the week before.
ask: And how many of those were real? => Three. The fourth was a typo in the limit.
ask: Who's on call over the holidays? => Volunteers first, and then we draw lots.

thing: the help centre
part: search box | video list | feedback button
trouble: the first result is an article from three years ago | people give up and write to support
cause: nobody owns the old articles | we rank by clicks and old pages have the most
fix: put an owner and a date on each article | archive whatever is older than a year
doing: reading the hundred most common tickets | pairing each new feature with one article
done: archived two hundred articles | answered the top ten questions on one page
risk: we archive the one thing somebody needs on a Sunday | support writes its own version again
gain: a third of the tickets never gets written
ask: Do we know what people search for? => We do, and half the time they find nothing.
ask: Who writes the new ones? => Whoever builds the feature, and support reads it first.
ask: Is it translated? => The top thirty articles are.
"""
