"""The productions of the generated language: a weighted, recursive, context-free grammar as a table.

Each block is a nonterminal and, indented, its right sides with their weights. On a right side:

    lower            a nonterminal                      UPPER, UPPER.TAG   a word class of the lexical inventory
    word/TAG         a word and its part of speech      [NP ... ]          a chunk (chunks do not nest)
    <PER ... >       an entity

`@` stands for the number and is replaced alike in a whole production, giving two of them: `subject@` by `subject.sg`
or `subject.pl`, `THING.N@` by `THING.NN` or `THING.NNS`, `TRANS.V@` by `TRANS.VBZ` or `TRANS.VBP`. Singular is
thrice as frequent where the left side does not say the number.

Where a name's type shows in its context, a production uses a class with `~`, which mixes in names of other types.
`anyone` is for contexts that persons, places and organisations share: there only the name itself can tell, so it is
always used in its dominant type.
"""

PRODUCTIONS = """
sentence
    40 clause ./.
    7  ``/`` clause ,/, ''/'' attribution ./.
    8  clause ,/, attribution ./.
    3  ``/`` clause ,/, ''/'' attribution ,/, adding/VBG [SBAR that/IN ] clause ./.
    2  [PP according/VBG ] [PP to/TO ] anyone ,/, clause ./.
    6  [SBAR SUBORDINATOR ] clause ,/, clause ./.
    5  [PP in/IN ] place ,/, clause ./.
    4  [PP on/IN ] [NP DAY ] ,/, clause ./.
    2  clause ;/: clause ./.

attribution
    2  anyone [VP SAY.VBD ]
    1  [VP said/VBD ] anyone
    3  [VP said/VBD ] person
    3  person [VP SAY.VBD ]
    2  [NP ROLE.NNS ] [VP said/VBD ]

clause
    26 subject@ predicate@
    5  anyone predicate.sg
    3  anyone and/CC anyone predicate.pl
    3  anyone [VP SAY.VBD ] [SBAR that/IN ] clause
    6  subject@ [VP SAY.VBD ] [SBAR that/IN ] clause
    11 person_clause
    13 company_clause
    8  place_clause
    8  sport_clause
    4  clause [SBAR SUBORDINATOR ] clause
    4  clause ,/, and/CC clause
    2  clause ,/, but/CC clause

anyone
    34 [NP <PER PER > ]
    7  [NP <PER FIRST PER > ]
    27 [NP <LOC LOC > ]
    2  [NP <LOC REGION LOC > ]
    27 [NP <ORG ORG > ]
    3  [NP <ORG ORG ORG > ]

person
    6  [NP TITLE <PER PER~ > ]
    5  [NP ROLE.NN <PER FIRST PER~ > ]
    3  [NP ROLE.NN <PER PER~ > ]
    3  [NP <MISC NATION > ROLE.NN <PER FIRST PER~ > ]
    5  [NP <PER FIRST PER~ > ] ,/, [NP AGE ] ,/,
    5  [NP <PER PER~ > ] ,/, [NP the/DT ROLE.NN ] [PP of/IN ] company ,/,
    4  [NP <PER PER~ > ] ,/, [NP a/DT ADJ ROLE.NN ] ,/,
    4  [NP <PER FIRST PER~ > ] ,/, [NP who/WP ] happening ,/,
    3  [NP <PER PER~ > ] ,/, [NP who/WP ] [VP is/VBZ ] [NP AGE ] ,/,
    2  [NP <LOC LOC~ > ] [NP 's/POS ROLE.NN <PER FIRST PER~ > ]

person_clause
    5  person predicate.sg
    3  [NP <PER PER~ > ] [VP was/VBD born/VBN ] [PP in/IN ] place
    3  [NP <PER PER~ > ] [VP PERSONAL.VBD ] when
    2  [NP <PER PER~ > ] [VP told/VBD ] [NP INSTITUTION.NNS ] [SBAR that/IN ] [NP he/PRP ] predicate.sg
    2  [NP <PER PER~ > ] [VP was/VBD named/VBN ] [NP ROLE.NN ] [PP of/IN ] company
    1  [NP <PER PER~ > ] [NP himself/PRP ] predicate.sg

company
    6  [NP <ORG ORG~ COMPANY > ]
    4  [NP <ORG ORG~ > ] ,/, [NP the/DT GOODS.NN maker/NN ] ,/,
    3  [NP <ORG ORG~ > ] ,/, [NP which/WDT ] [VP makes/VBZ ] [NP GOODS.NNS ] ,/,
    3  [NP <LOC LOC > -/HYPH based/VBN <ORG ORG~ > ]
    3  [NP GOODS.NN maker/NN <ORG ORG~ > ]
    2  [NP the/DT <MISC NATION > INSTITUTION.NN ]
    1  [NP <ORG University/NNP of/IN LOC > ]

company_clause
    4  company predicate.sg
    5  [NP shares/NNS ] [PP of/IN ] [NP <ORG ORG~ > ] movement
    3  [NP <ORG ORG~ > shares/NNS ] movement
    3  [NP <ORG ORG~ > ] [VP CORPORATE.VBD ] [NP GOODS.NNS ] [PP worth/IN ] money
    3  [NP <ORG ORG~ > ] [NP 's/POS net/JJ AMOUNT.NN ] movement
    2  [NP <ORG ORG~ > ] [VP makes/VBZ ] [NP GOODS.NNS ] [PP in/IN ] place
    2  [NP <ORG ORG~ > ] [VP posted/VBD ] [NP a/DT net/JJ AMOUNT.NN ] [PP of/IN ] money
    2  [NP AMOUNT.NN ] [PP at/IN ] [NP <ORG ORG~ > ] movement
    2  [NP <ORG ORG~ > ] [VP launched/VBD ] [NP its/PRP$ <MISC MISC > GOODS.NN ]

place
    14 [NP <LOC LOC~ > ]
    3  [NP <LOC REGION LOC~ > ]
    3  [NP the/DT PLACE.NN ] [PP of/IN ] [NP <LOC LOC~ > ]
    3  [NP <LOC LOC~ > ] ,/, [NP a/DT PLACE.NN ] [PP in/IN ] [NP <LOC LOC~ > ] ,/,
    2  [NP northern/JJ <LOC LOC~ > ]
    2  [NP <LOC LOC~ > ] ,/, [NP <LOC LOC > ] ,/,
    1  [NP the/DT <MISC NATION > PLACE.NN ]

place_clause
    3  [NP <LOC LOC~ > ] ,/, [NP the/DT PLACE.NN ] [SBAR where/WRB ] clause ,/, predicate.sg
    3  [NP people/NNS ] [PP in/IN ] place predicate.pl
    3  [NP <LOC LOC~ > ] [NP 's/POS ADJ PLACE.NN ] predicate.sg
    2  [NP NUMBER ROLE.NNS ] [VP left/VBD ] place [PP for/IN ] place
    2  [NP the/DT border/NN ] [PP between/IN ] [NP <LOC LOC~ > and/CC <LOC LOC > ] [VP was/VBD closed/VBN ]
    2  [NP the/DT road/NN ] [PP from/IN ] [NP <LOC LOC~ > ] [PP to/TO ] [NP <LOC LOC~ > ] [VP was/VBD closed/VBN ]

sport_clause
    6  [NP <ORG TEAM > ] [VP SPORT.VBD ] [NP <ORG TEAM > ] [NP SCORE ] when
    3  [NP <PER PER > ] (/( [NP <LOC LOC > ] )/) [VP beat/VBD ] [NP <PER PER > ] (/( [NP <LOC LOC > ] )/) [NP SET SET ]
    2  [NP <PER PER~ > ] [VP scored/VBD ] [ADVP twice/RB ] [PP for/IN ] [NP <ORG TEAM > ]
    2  [NP <ORG TEAM > coach/NN <PER FIRST PER~ > ] predicate.sg
    2  [NP <PER FIRST PER > ] [VP won/VBD ] [NP the/DT <MISC MISC EVENT > ] [PP in/IN ] place

movement
    4  [VP MARKET.VBD ] [NP DECIMAL percent/NN ] [PP to/TO ] money
    3  [VP MARKET.VBD ] [PP by/IN ] [NP DECIMAL percent/NN ]
    2  [VP MARKET.VBD ] [ADVP sharply/RB ] when
    2  [VP MARKET.VBD ] [NP about/RB ROUND percent/NN ]
    1  [VP will/MD MARKET.VB ] [ADVP further/RB ]

money
    3  [NP $/$ DECIMAL million/CD ]
    2  [NP $/$ DECIMAL billion/CD ]
    2  [NP $/$ ROUND million/CD ]
    1  [NP $/$ DECIMAL ]

when
    4  [PP on/IN ] [NP DAY ]
    2  [NP last/JJ week/NN ]
    2  [PP in/IN ] [NP YEAR ]
    2  [PP on/IN ] [NP MONTH DATE ]
    1  [PP in/IN ] [NP MONTH YEAR ]
    1  [NP NUMBER years/NNS ] [ADVP ago/RB ]

subject.sg
    2  [NP it/PRP ]
    2  [NP he/PRP ]
    20 phrase.sg
    8  [NP the/DT INSTITUTION.NN ]
    4  [NP the/DT ROLE.NN ]
    4  [NP the/DT <MISC NATION > INSTITUTION.NN ]
    2  [NP the/DT <MISC MISC EVENT > ]

subject.pl
    3  [NP they/PRP ]
    16 phrase.pl
    5  [NP the/DT INSTITUTION.NNS ]
    5  [NP ROLE.NNS ]
    3  [NP NUMBER <MISC NATION > ROLE.NNS ]

phrase
    3  phrase@

phrase@
    9  thing@
    7  thing@ [PP PREP ] phrase
    1  thing@ [PP PREP ] anyone
    1  anyone [NP 's/POS THING.N@ ]
    1  anyone [NP 's/POS ADJ THING.N@ ]
    2  thing@ [NP that/WDT ] happening
    3  thing@ [PP in/IN ] place
    2  thing@ [PP at/IN ] company
    1  thing@ and/CC thing@
    2  thing@ [VP to/TO TRANS.VB ] phrase

thing.sg
    5  [NP the/DT THING.NN ]
    4  [NP a/DT ADJ THING.NN ]
    3  [NP the/DT ADJ THING.NN ]
    2  [NP that/DT THING.NN ]
    2  [NP its/PRP$ THING.NN ]
    1  [NP the/DT THING.NN THING.NN ]

thing.pl
    4  [NP THING.NNS ]
    3  [NP ADJ THING.NNS ]
    3  [NP the/DT THING.NNS ]
    2  [NP their/PRP$ THING.NNS ]
    2  [NP NUMBER THING.NNS ]
    1  [NP more/JJR than/IN NUMBER THING.NNS ]

predicate@
    12 happening
    4  [VP TRANS.V@ ] phrase
    4  [VP INTENT.V@ to/TO TRANS.VB ] phrase
    2  [VP has@ TRANS.VBN ] phrase
    2  [VP be@ TRANS.VBG ] phrase
    2  [VP be@ ] [ADJP STATE ]
    1  [VP was@ TRANS.VBN ] [PP by/IN ] anyone
    2  [VP was@ TRANS.VBN ] [PP by/IN ] person
    3  [VP was@ TRANS.VBN ] [PP by/IN ] [NP the/DT INSTITUTION.NN ] when
    1  [VP was@ ] [ADJP ADV STATE ]

happening
    8  [VP TRANS.VBD ] phrase
    6  [VP TRANS.VBD ] phrase when
    2  [VP ADV TRANS.VBD ] phrase
    3  [VP will/MD TRANS.VB ] phrase when
    2  [VP may/MD not/RB TRANS.VB ] phrase
    4  [VP INTENT.VBD to/TO TRANS.VB ] phrase
    2  [VP PHRASAL.VBD ] [PRT PARTICLE ] phrase
    2  [VP PHRASAL.VBD ] phrase [PRT PARTICLE ]
    3  [VP INTRANS.VBD ] when
    3  [VP INTRANS.VBD ] [PP in/IN ] place when
    2  [VP met/VBD ] person [PP in/IN ] place
    1  [VP TRANS.VBD ] [NP talks/NNS ] [PP with/IN ] anyone
    1  [VP INTRANS.VBD ] [ADVP ADV ]

has.sg
    1 has/VBZ
has.pl
    1 have/VBP
be.sg
    1 is/VBZ
be.pl
    1 are/VBP
was.sg
    1 was/VBD
was.pl
    1 were/VBD
"""
