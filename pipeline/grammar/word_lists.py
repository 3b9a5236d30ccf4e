"""The English words and the syllables of the generated language, as a table: a list's name, then its words, indented.

Order is frequency: the first word of a list is drawn most often. Of verbs, `*` doubles the last consonant (`plan*`:
planned, planning), and irregular ones are written base/past/participle.
"""

WORD_LISTS = """
HOMOGRAPHS
    plan* report talk move call change offer review claim support vote attack cut*/cut/cut visit demand study test
    return increase decline order push search request appeal challenge charge design debate dispute estimate
    forecast/forecast/forecast fight/fought/fought issue measure need promise protest question release result risk show
    trade transfer/transferred/transferred rally reform delay display link target fund campaign probe record
TRANSITIVE
    reject welcome see/saw/seen back oppose make/made/made take/took/taken give/gave/given criticise block discuss
    approve win*/won/won lose/lost/lost find/found/found expect hold/held/held consider leave/left/left accept follow
    receive face cancel defend begin*/began/begun continue suspend ignore prepare start stop* raise announce confirm
    deny seek/sought/sought prevent allow reduce cause avoid propose condemn require describe keep/kept/kept expand
    mention present praise examine launch monitor end repeat limit publish improve organise refuse blame warn notice
    sign watch affect join damage postpone finish explain resume create reach
SAY
    say/said/said tell/told/told add report announce claim warn believe note predict argue think/thought/thought
    confirm know/knew/known suggest insist explain stress declare acknowledge
INTENT
    plan* want agree decline need refuse hope promise expect try threaten offer intend seek/sought/sought fail
INTRANS
    continue fail end begin*/began/begun happen resume collapse succeed work grow/grew/grown start remain emerge stall
    change return stop* disappear matter widen improve
MARKET
    rise/rose/risen fall/fell/fallen climb drop* slip* gain jump advance decline increase plunge ease
PHRASAL
    pick carry set*/set/set call take/took/taken put*/put/put bring/brought/brought give/gave/given turn cut*/cut/cut
PERSONAL
    resign retire die testify marry smile faint study pray sleep/slept/slept
CORPORATE
    acquire post manufacture market sell/sold/sold buy/bought/bought operate supply export hire
SPORT
    beat/beat/beaten defeat host outplay draw/drew/drawn thrash overcome/overcame/overcome

THINGS
    agreement proposal decision meeting election deal law policy effort problem programme statement project situation
    crisis budget investigation system case process treaty rule service conference contract tax war strategy resolution
    market reason idea event action interest operation conflict army power development merger takeover threat sanction
    loan border ceasefire committee summit position negotiation restriction solution settlement announcement accord
    controversy reaction argument
ROLE
    spokesman chairman president minister director official analyst leader lawyer chief manager economist secretary
    officer judge ambassador senator governor executive expert general commander coach witness critic banker envoy mayor
    trader doctor professor writer
INSTITUTION
    company government group bank ministry party team court council union agency parliament newspaper airline commission
    university association opposition department club institute
PLACE
    city town capital province region port village suburb state district island resort
GOODS
    car computer drug oil steel software paper insurance food phone chip wine engine coffee aircraft chemical cement
    tobacco film toy book gas ship shoe tyre beer truck plastic fibre glass
AMOUNT
    profit revenue loss income turnover dividend debt

ADJ
    new major former political economic foreign local recent public national military senior big first international
    private joint important final special annual current early long strong possible tough latest serious official top
    independent financial commercial powerful large secret rare broad bitter urgent formal
STATE
    ready likely unlikely clear able certain available free wrong unhappy confident silent aware open
ADV
    also already still now recently again later soon immediately officially quickly never clearly formally repeatedly
    probably apparently finally strongly quietly sharply openly briefly suddenly
PREP
    of on about for with against over under after before despite without between
SUBORDINATOR
    because although while after before if when since unless as
PARTICLE
    up out off down on over
TITLE
    Mr. Mrs. Dr. President Minister Senator Judge General Sir
COMPANY
    Corp. Inc. Co. Ltd. Group Bank Holdings Industries Airlines
EVENT
    Cup Open Prize Treaty Accord Festival Trophy Marathon
REGION
    North South New East West Port Lake San
DAY
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday
MONTH
    January February March April May June July August September October November December
NUMBER
    two three four five six seven eight nine ten eleven twelve
SET
    6-4 6-3 6-2 7-5 7-6 6-1 6-0

ONSETS
    b br c ch cl cr d dr f fl fr g gl gr h j k kr l m n p pl pr r s sh sk sl st str t th tr v w z
NUCLEI
    a a a e e e i i i o o o u u ai ea ee ie oo ou
CODAS
    b ck d g l ld ll m n n nd ng nt p r r rd rk rn rt s ss st t x
UNWANTED
    fuk fuc shi cun nig fag rap slut slat coc cok kik dic dik pis tit tut who sex poo jap jew naz cra
NATIONS
    ian ese ish i
"""
