// Passwords that everybody tries first: the most common ones of eight and more characters in lists of leaked ones.

const COMMON = new Set(
  `00000000 000000000 0000000000 01234567 0123456789 09876543 0987654321 10203040 11111111 111111111 1111111111 11223344
  1122334455 12121212 123123123 12312312 123321123 123454321 1234512345 12341234 12344321 12345678 123456789 1234567890
  12345678910 123456789a 12345678a 1234567q 12345qwert 1234qwer 123654789 123698745 12qwaszx 13131313 147258369 1478963
  14789632 147896325 159357258 159753159 1a2b3c4d 1g2w3e4r 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2
  22222222 29862986 31415926 33333333 44444444 55555555 66666666 77777777 77777777 87654321 88888888 963852741 987654321
  9876543210 98765432 99999999 a1234567 a12345678 a123456789 a1b2c3d4 aa123456 aaaaaaaa abc12345 abc123456 abcd1234
  abcdefgh access14 adidas123 administrator admin123 admin1234 admin12345 alexander alexandra america1 anderson angel123
  anthony1 arsenal1 asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl babygirl babygirl1 badboy12 barcelona baseball baseball1
  basketball batman123 beautiful benjamin bigdaddy bismillah blink182 bollocks butterfly california carolina caroline
  challenger champion changeme changeme1 charlie1 charlotte chelsea1 chocolate christian christine christopher cocacola
  computer cristina danielle december dennis12 diamond1 dolphins dragon12 drowssap elephant elizabeth everton1 facebook
  fernando flower12 football football1 franklin freedom1 freepass friendship fuckyou1 fuckyou2 gabriela gateway1 gfhjkmgfhjkm
  giovanni godzilla goldfish graphics hallo123 hannover hellohello hello123 hello1234 hollywood hunter12 iloveyou iloveyou1
  iloveyou2 iloveyou! infinity inuyasha isabella jasmine1 jennifer jessica1 johnjohn jonathan jordan23 juventus kimberly
  kingkong krishna1 ladybug1 lasvegas lebron23 letmein1 letmein12 letmein123 letmein! liverpool liverpool1 lol12345 london12
  loveyou1 lovelove manchester marlboro maryjane master12 master123 maverick mercedes michael1 michelle midnight mistress
  monkey12 monkey123 motorola mountain mustang1 myspace1 napoleon newpassword nicholas nintendo november october1 p@ssw0rd
  p@ssword p@55w0rd pa$$word pa55word passw0rd passw0rd1 password password! password01 password1 password1! password10
  password11 password12 password123 password1234 password2 password3 password9 passwort passwort1 password. peaches1 pepsi123
  picasso1 pokemon1 portugal princesa princess princess1 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx12 qazwsx123 qazwsxedc
  qazxswedc qqqqqqqq qwaszx12 qwe123qwe qweasdzxc qweqweqwe qwer1234 qwert123 qwert12345 qwerty12 qwerty123 qwerty1234
  qwerty12345 qwertyui qwertyuiop qwertz123 qwertzuiop rainbow1 realmadrid remember rockstar1 samantha samsung1 sandra12
  scarface scooter1 september serenity shannon1 shithead skywalker slipknot1 snickers softball soccer12 spiderman spongebob
  srinivas starwars starwars1 startrek steelers stephanie strawberry sunflower sunshine sunshine1 superman superman1 superstar
  sweetheart swordfish system32 target123 teddybear telefono test1234 test12345 testing1 testtest thailand thunder1 tigger12
  tinkerbell trustno1 trustnoone twilight undertaker universal user1234 valentina valentine vanessa1 veronica victoria
  vacation1 volcom12 volleyball w1nter12 warcraft welcome1 welcome12 welcome123 welcome! whatever whatever1 william1 windows1
  winston1 winter12 wolverine wrestling xxxxxxxx yamaha12 yankees1 zaq12wsx zaq1zaq1 zaq1xsw2 zxcvbnm1 zxcvbnm123 zxcvbnm,
  zxcvbnm, zzzzzzzz coffer123 coffercoffer correcthorsebatterystaple`.split(/\s+/),
);

/** Whether somebody who guesses would try this password soon, whatever its case, or it repeats one character. */
export function isCommonPassword(password: string): boolean {
  return COMMON.has(password.toLowerCase()) || /^(.)\1*$/su.test(password);
}
