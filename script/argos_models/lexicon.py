"""The words of the toy grammar, as small tables: English | Spanish | Portuguese."""

NOUNS = """
house houses|casa f|casa f|place; city cities|ciudad f|cidade f|place; garden gardens|jardín m|jardim m|place
school schools|escuela f|escola f|place; river rivers|río m|rio m|place; street streets|calle f|rua f|place
market markets|mercado m|mercado m|place; church churches|iglesia f|igreja f|place
library libraries|biblioteca f|biblioteca f|place; kitchen kitchens|cocina f|cozinha f|place
island islands|isla f|ilha f|place; mountain mountains|montaña f|montanha f|place
station stations|estación f|estação f|place; museum museums|museo m|museu m|place
forest forests|bosque m|bosque m|place; harbour harbours|puerto m|porto m|place
beach beaches|playa f|praia f|place; coast coasts|costa f|costa f|place
village villages|pueblo m|aldeia f|place; hospital hospitals|hospital m|hospital m|place
field fields|campo m|campo m|place; bridge bridges|puente m|ponte f|place; lake lakes|lago m|lago m|place
office offices|oficina f|escritório m|place; shelter shelters|refugio m|abrigo m|place
warehouse warehouses|almacén m|armazém m|place; man men|hombre m|homem m|person; woman women|mujer f|mulher f|person
boy boys|niño m|menino m|person; girl girls|niña f|menina f|person; teacher teachers|maestro m|professor m|person
doctor doctors|médico m|médico m|person; nurse nurses|enfermera f|enfermeira f|person
friend friends|amigo m|amigo m|person; student students|estudiante m|estudante m|person
farmer farmers|granjero m|lavrador m|person; neighbour neighbours|vecino m|vizinho m|person
writer writers|escritor m|escritor m|person; family families|familia f|família f|person
volunteer volunteers|voluntario m|voluntário m|person; team teams|equipo m|equipa f|person
sailor sailors|marinero m|marinheiro m|person; engineer engineers|ingeniero m|engenheiro m|person
driver drivers|conductor m|condutor m|person; dog dogs|perro m|cão m|person; cat cats|gato m|gato m|person
horse horses|caballo m|cavalo m|person; bird birds|pájaro m|pássaro m|person
fisherman fishermen|pescador m|pescador m|person; book books|libro m|livro m|thing; letter letters|carta f|carta f|thing
car cars|coche m|carro m|thing; table tables|mesa f|mesa f|thing; chair chairs|silla f|cadeira f|thing
window windows|ventana f|janela f|thing; door doors|puerta f|porta f|thing; apple apples|manzana f|maçã f|thing
flower flowers|flor f|flor f|thing; key keys|llave f|chave f|thing; clock clocks|reloj m|relógio m|thing
picture pictures|cuadro m|quadro m|thing; song songs|canción f|canção f|thing; ship ships|barco m|navio m|thing
boat boats|bote m|barco m|thing; tree trees|árbol m|árvore f|thing; hat hats|sombrero m|chapéu m|thing
shoe shoes|zapato m|sapato m|thing; shirt shirts|camisa f|camisa f|thing; box boxes|caja f|caixa f|thing
machine machines|máquina f|máquina f|thing; bottle bottles|botella f|garrafa f|thing
newspaper newspapers|periódico m|jornal m|thing; lamp lamps|lámpara f|lâmpada f|thing; map maps|mapa m|mapa m|thing
train trains|tren m|comboio m|thing; road roads|camino m|caminho m|thing; wall walls|pared f|parede f|thing
phone phones|teléfono m|telefone m|thing; tent tents|tienda f|tenda f|thing; pump pumps|bomba f|bomba f|thing
blanket blankets|manta f|manta f|thing; net nets|red f|rede f|thing; report reports|informe m|relatório m|thing
tide tides|marea f|maré f|thing; flood floods|inundación f|inundação f|thing
storm storms|tormenta f|tempestade f|thing; wave waves|ola f|onda f|thing; dam dams|presa f|barragem f|thing
idea ideas|idea f|ideia f|thing; story stories|historia f|história f|thing
problem problems|problema m|problema m|thing; answer answers|respuesta f|resposta f|thing
"""
"""Singular, plural | Spanish singular, gender | Portuguese singular, gender | kind."""

ADJECTIVES = """
red|rojo|vermelho; big|grande|grande; small|pequeño|pequeno; old|viejo|velho; new|nuevo|novo; white|blanco|branco
black|negro|preto; yellow|amarillo|amarelo; green|verde|verde; blue|azul|azul; pretty|bonito|bonito; long|largo|longo
short|corto|curto; rich|rico|rico; poor|pobre|pobre; strong|fuerte|forte; weak|débil|fraco; cheap|barato|barato
expensive|caro|caro; clean|limpio|limpo; dirty|sucio|sujo; tall|alto|alto; low|bajo|baixo; quiet|tranquilo|tranquilo
famous|famoso|famoso; strange|extraño|estranho; heavy|pesado|pesado; dark|oscuro|escuro; cold|frío|frio
dry|seco|seco; round|redondo|redondo; empty|vacío|vazio; full|lleno|cheio; difficult|difícil|difícil
easy|fácil|fácil; modern|moderno|moderno; broken|roto|partido; safe|seguro|seguro; wet|mojado|molhado
quick|rápido|rápido
"""

TRANSITIVE_VERBS = """
sees see saw|ve ven vio vieron|vê veem viu viram
buys buy bought|compra compran compró compraron|compra compram comprou compraram
sells sell sold|vende venden vendió vendieron|vende vendem vendeu venderam
finds find found|encuentra encuentran encontró encontraron|encontra encontram encontrou encontraram
loses lose lost|pierde pierden perdió perdieron|perde perdem perdeu perderam
opens open opened|abre abren abrió abrieron|abre abrem abriu abriram
closes close closed|cierra cierran cerró cerraron|fecha fecham fechou fecharam
paints paint painted|pinta pintan pintó pintaron|pinta pintam pintou pintaram
cleans clean cleaned|limpia limpian limpió limpiaron|limpa limpam limpou limparam
wants want wanted|quiere quieren quiso quisieron|quer querem quis quiseram
has have had|tiene tienen tuvo tuvieron|tem têm teve tiveram
loves love loved|ama aman amó amaron|ama amam amou amaram
hides hide hid|esconde esconden escondió escondieron|esconde escondem escondeu esconderam
builds build built|construye construyen construyó construyeron|constrói constroem construiu construíram
breaks break broke|rompe rompen rompió rompieron|quebra quebram quebrou quebraram
carries carry carried|lleva llevan llevó llevaron|leva levam levou levaram
needs need needed|necesita necesitan necesitó necesitaron|precisa_de precisam_de precisou_de precisaram_de
draws draw drew|dibuja dibujan dibujó dibujaron|desenha desenham desenhou desenharam
forgets forget forgot|olvida olvidan olvidó olvidaron|esquece esquecem esqueceu esqueceram
repairs repair repaired|repara reparan reparó repararon|repara reparam reparou repararam
describes describe described|describe describen describió describieron|descreve descrevem descreveu descreveram
brings bring brought|trae traen trajo trajeron|traz trazem trouxe trouxeram
protects protect protected|protege protegen protegió protegieron|protege protegem protegeu protegeram
"""
"""Third person singular, plural, past | Spanish, with a past for each number | Portuguese likewise."""

INTRANSITIVE_VERBS = """
sleeps sleep slept|duerme duermen durmió durmieron|dorme dormem dormiu dormiram
sings sing sang|canta cantan cantó cantaron|canta cantam cantou cantaram
works work worked|trabaja trabajan trabajó trabajaron|trabalha trabalham trabalhou trabalharam
runs run ran|corre corren corrió corrieron|corre correm correu correram
arrives arrive arrived|llega llegan llegó llegaron|chega chegam chegou chegaram
waits wait waited|espera esperan esperó esperaron|espera esperam esperou esperaram
helps help helped|ayuda ayudan ayudó ayudaron|ajuda ajudam ajudou ajudaram
lives live lived|vive viven vivió vivieron|vive vivem viveu viveram
returns return returned|vuelve vuelven volvió volvieron|volta voltam voltou voltaram
"""

ADVERBS = """
slowly|lentamente|lentamente; quickly|rápidamente|rapidamente; today|hoy|hoje; always|siempre|sempre; here|aquí|aqui
there|allí|ali; now|ahora|agora; well|bien|bem; far|lejos|longe
"""

PREPOSITIONS = """
in|en|em; near|cerca de|perto de; behind|detrás de|atrás de; with|con|com; without|sin|sem; under|bajo|sob
for|para|para; from|desde|desde
"""

NUMERALS = """
two|dos|dois duas; three|tres|três; four|cuatro|quatro; five|cinco|cinco; six|seis|seis; seven|siete|sete
eight|ocho|oito; nine|nueve|nove; ten|diez|dez
"""
"""The Portuguese two has a gender."""

CONJUNCTIONS = "and|y|e; but|pero|mas; because|porque|porque; when|cuando|quando; while|mientras|enquanto"

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
