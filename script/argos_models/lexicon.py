"""The words of the toy grammar, as small tables: English, a bar, Spanish."""

NOUNS = """
house houses|casa f|place; city cities|ciudad f|place; garden gardens|jardín m|place; school schools|escuela f|place
river rivers|río m|place; street streets|calle f|place; market markets|mercado m|place; church churches|iglesia f|place
library libraries|biblioteca f|place; kitchen kitchens|cocina f|place; island islands|isla f|place
mountain mountains|montaña f|place; station stations|estación f|place; museum museums|museo m|place
forest forests|bosque m|place; harbour harbours|puerto m|place; beach beaches|playa f|place; coast coasts|costa f|place
village villages|pueblo m|place; hospital hospitals|hospital m|place; field fields|campo m|place
bridge bridges|puente m|place; lake lakes|lago m|place; office offices|oficina f|place; shelter shelters|refugio m|place
warehouse warehouses|almacén m|place; man men|hombre m|person; woman women|mujer f|person
boy boys|niño m|person; girl girls|niña f|person
teacher teachers|maestro m|person; doctor doctors|médico m|person; nurse nurses|enfermera f|person
friend friends|amigo m|person; student students|estudiante m|person; farmer farmers|granjero m|person
neighbour neighbours|vecino m|person; writer writers|escritor m|person; family families|familia f|person
volunteer volunteers|voluntario m|person; team teams|equipo m|person; sailor sailors|marinero m|person
engineer engineers|ingeniero m|person; driver drivers|conductor m|person; dog dogs|perro m|person
cat cats|gato m|person; horse horses|caballo m|person; bird birds|pájaro m|person; fisherman fishermen|pescador m|person
book books|libro m|thing; letter letters|carta f|thing; car cars|coche m|thing; table tables|mesa f|thing
chair chairs|silla f|thing; window windows|ventana f|thing; door doors|puerta f|thing; apple apples|manzana f|thing
flower flowers|flor f|thing; key keys|llave f|thing; clock clocks|reloj m|thing; picture pictures|cuadro m|thing
song songs|canción f|thing; ship ships|barco m|thing; boat boats|bote m|thing; tree trees|árbol m|thing
hat hats|sombrero m|thing; shoe shoes|zapato m|thing; shirt shirts|camisa f|thing; box boxes|caja f|thing
machine machines|máquina f|thing; bottle bottles|botella f|thing; newspaper newspapers|periódico m|thing
lamp lamps|lámpara f|thing; map maps|mapa m|thing; train trains|tren m|thing; road roads|camino m|thing
wall walls|pared f|thing; phone phones|teléfono m|thing; tent tents|tienda f|thing; pump pumps|bomba f|thing
blanket blankets|manta f|thing; net nets|red f|thing; report reports|informe m|thing; tide tides|marea f|thing
flood floods|inundación f|thing; storm storms|tormenta f|thing; wave waves|ola f|thing; dam dams|presa f|thing
idea ideas|idea f|thing; story stories|historia f|thing; problem problems|problema m|thing
answer answers|respuesta f|thing
"""
"""Singular, plural | Spanish singular, gender | kind."""

ADJECTIVES = """
red|rojo; big|grande; small|pequeño; old|viejo; new|nuevo; white|blanco; black|negro; yellow|amarillo; green|verde
blue|azul; pretty|bonito; long|largo; short|corto; rich|rico; poor|pobre; strong|fuerte; weak|débil; cheap|barato
expensive|caro; clean|limpio; dirty|sucio; tall|alto; low|bajo; quiet|tranquilo; famous|famoso; strange|extraño
heavy|pesado; dark|oscuro; cold|frío; dry|seco; round|redondo; empty|vacío; full|lleno; difficult|difícil; easy|fácil
modern|moderno; broken|roto; safe|seguro; wet|mojado; quick|rápido
"""

TRANSITIVE_VERBS = """
sees see saw|ve ven vio vieron; buys buy bought|compra compran compró compraron
sells sell sold|vende venden vendió vendieron; finds find found|encuentra encuentran encontró encontraron
loses lose lost|pierde pierden perdió perdieron; opens open opened|abre abren abrió abrieron
closes close closed|cierra cierran cerró cerraron; paints paint painted|pinta pintan pintó pintaron
cleans clean cleaned|limpia limpian limpió limpiaron; wants want wanted|quiere quieren quiso quisieron
has have had|tiene tienen tuvo tuvieron; loves love loved|ama aman amó amaron
hides hide hid|esconde esconden escondió escondieron; builds build built|construye construyen construyó construyeron
breaks break broke|rompe rompen rompió rompieron; carries carry carried|lleva llevan llevó llevaron
needs need needed|necesita necesitan necesitó necesitaron; draws draw drew|dibuja dibujan dibujó dibujaron
forgets forget forgot|olvida olvidan olvidó olvidaron; repairs repair repaired|repara reparan reparó repararon
describes describe described|describe describen describió describieron
brings bring brought|trae traen trajo trajeron; protects protect protected|protege protegen protegió protegieron
"""
"""Third person singular, plural, past | the same in Spanish, with a past for each number."""

INTRANSITIVE_VERBS = """
sleeps sleep slept|duerme duermen durmió durmieron; sings sing sang|canta cantan cantó cantaron
works work worked|trabaja trabajan trabajó trabajaron; runs run ran|corre corren corrió corrieron
arrives arrive arrived|llega llegan llegó llegaron; waits wait waited|espera esperan esperó esperaron
helps help helped|ayuda ayudan ayudó ayudaron; lives live lived|vive viven vivió vivieron
returns return returned|vuelve vuelven volvió volvieron
"""

ADVERBS = """
slowly|lentamente; quickly|rápidamente; today|hoy; always|siempre; here|aquí; there|allí; now|ahora; well|bien
far|lejos
"""

PREPOSITIONS = """
in|en; near|cerca de; behind|detrás de; with|con; without|sin; under|bajo; for|para; from|desde
"""

NUMERALS = "two|dos; three|tres; four|cuatro; five|cinco; six|seis; seven|siete; eight|ocho; nine|nueve; ten|diez"

CONJUNCTIONS = "and|y; but|pero; because|porque; when|cuando; while|mientras"

NAMES = """
Maria John Anna Peter Lucia Carlos Emma David Sofia Paul Laura Martin Clara Simon Elena Victor Julia Oscar Hugo Nadia
Madrid Lisbon Toledo Quito Havana Porto Boston Lima Oxford Berlin Tidewater Luanda Karachi Leeds Bristol Tampico
""".split()  # noqa: SIM905  # a list of words reads better as words
"""Given names and cities, copied as they are."""

SYLLABLES = """
ka to mi ren dul so va pel gri no stan ber lu chi mor ta wen fo zar qui bel dro sha len ur pas tre vo nim gal hev ost
ing tion ment ly er ness pre con the and for ance ity able ous str ight ough ell ard ist
""".split()  # noqa: SIM905  # as above
"""What unknown words are made of, so that the model learns to copy what it doesn't know."""
