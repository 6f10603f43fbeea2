/**
 * Passwords of twelve characters or more that many people have, in lower case; what shorter ones there are is
 * too short anyway.
 */

/**
 * Also judged without the digits and signs at the end: `passwordpassword1!` is as worn as `passwordpassword`.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
  passwordpassword passw0rdpassw0rd password1234 password12345 password123456 password123456789 passwordpass
  mypassword qwertyuiopas qwertyuiop qwertyuiopasdfgh qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm
  qwerty123456 qwerty12345678 1q2w3e4r5t6y 1q2w3e4r5t6y7u8i 1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc 1qaz2wsx3edc4rfv
  1qazxsw23edc qazwsxedcrfv qazwsxedcrfvtgb zaq12wsxcde3 zaq1zaq1zaq1 asdfghjklzxcvbnm asdfasdfasdf
  asdfghjkl123 zxcvbnmasdfghjkl qweasdzxc123 qweqweqweqwe 123qweasdzxc 123123123123 121212121212 112233445566
  123321123321 123454321234 147258369147 147258369000 123456789abc 123456789123 1234567890123 12345678901234
  123456abcdef 123456qwerty abc123abc123 abcd1234abcd abcdefgh1234 a1b2c3d4e5f6 aa123456789a admin
  admin1234567 administrator administrador adminadminadmin changeme changemechangeme changemenow
  letmeinletmein letmeinplease welcomewelcome welcome12345 iloveyou iloveyouiloveyou iloveyousomuch
  iloveyouforever trustno1trustno1 superman superman1234 spiderman spiderman123 football football1234 baseball
  baseball1234 basketball sunshine princess dragon monkeymonkey masterkey jesuschrist jesuscristo jesusteama
  jesusteamomuito deusefiel deusefielsempre deusnocomando euteamo euteamomuito teamomuito amoreterno meuamor
  meuamorzinho minhasenha minhasenhasegura senha senhasenha senhasenhasenha senhasegura senhaforte
  senha123senha brasilbrasil brasil brasilpenta flamengo flamengoflamengo corinthians corinthianscorinthians
  palmeiras palmeirasverdao saopaulofc vascodagama gremiogremio internacional cruzeiro cruzeirocruzeiro
  santosfutebol bitcoinbitcoin satoshinakamoto tothemoon tothemoontothemoon repasse repasserepasse starkbank
  starkbankstarkbank correcthorsebatterystaple supersecret supersecretpassword secretsecret topsecret
  thisisapassword thisismypassword notapassword 1234qwerasdf 1234qwerasdfzxcv qwertyqwerty qwerty qwertyazerty
  azertyuiop azertyuiopqs azertyuiopqsdfghjklm charlie michelle jennifer alexander christopher elizabeth
  constantinople mississippi chocolate butterfly strawberry computer computador internet whateverwhatever
  starwars starwarsstarwars pokemonpokemon pokemon minecraft minecraftminecraft harrypotter liverpoolfc
  manchesterunited realmadrid barcelona fcbarcelona juventus juventusfc
  `
    .trim()
    .split(/\s+/),
)
