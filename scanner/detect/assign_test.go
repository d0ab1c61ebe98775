package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// anchored returns what the parser finds in a text, with every anchor given to it.
func anchored(path, text string) []assignment {
	var at []int
	for i := range len(text) {
		for _, a := range secretNames {
			if i+len(a) <= len(text) && strings.EqualFold(text[i:i+len(a)], a) {
				at = append(at, i)
				break
			}
		}
	}
	return assignments(genreOf(path), []byte(text), at)
}

// TestAssignments gives each notation once; V stands for a value, made at run time.
func TestAssignments(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	value := random(r, alnum, 12) + "9z"
	for _, c := range []struct{ path, text, want string }{
		{".env", "DB_PASSWORD=V", "DB_PASSWORD assign bare data"},
		{".env", "export API_TOKEN='V' # why", "API_TOKEN assign quoted data"},
		{"a.ini", "[db]\npassword = V\n", "password assign bare data"},
		{"a.conf", "#auth_password = V", "auth_password assign bare comment"},
		{"a.properties", "spring.datasource.password: V", "spring.datasource.password colon bare data"},
		{"a.yml", "db:\n  password: V # why", "password colon bare data"},
		{"a.yml", "token: |\n  V\n", "token colon bare data"},
		{"a.yml", "tokens: {db_token: V}", "db_token colon bare data"},
		{"a.yml", "- name: DB_PASSWORD\n  value: V\n", "DB_PASSWORD value bare data"},
		{"a.yml", "- --api-token=V", "--api-token assign bare data"},
		{"a.yml", "- run DB_PASSWORD=V DB_NAME=x ./a", "DB_PASSWORD assign bare data"},
		{"a.json", `{"user": "u", "secretKey": "V"}`, "secretKey colon quoted data"},
		{"a.json", `{"body": "{\"access_token\":\"V\",\"x\":1}"}`, "access_token colon quoted string"},
		{"a.json", `{"name": "API_KEY", "value": "V"}`, "API_KEY value quoted data"},
		{"a.toml", `token = "V"`, "token assign quoted data"},
		{"a.xml", "<password>V</password>", "password element bare prose"},
		{"a.xml", `<add key="Password" value="V"/>`, "Password value quoted prose"},
		{"a.xml", `<user password="V"/>`, "password assign quoted prose"},
		{"a.xml", `<string name="api_key">V</string>`, "api_key element bare prose"},
		{"a.tf", `variable "db_password" {` + "\n  type = string\n  default = \"V\"\n}", "db_password value quoted code"},
		{"a.tf", `  password = "V"`, "password assign quoted code"},
		{"a.go", `var apiKey string = "V"`, "apiKey assign quoted code"},
		{"a.go", `if token == "V" {`, "token compare quoted code"},
		{"a.ts", `const secret: string = 'V'`, "secret assign quoted code"},
		{"a.rb", `:password => "V"`, "password arrow quoted code"},
		{"a.java", `c.setPassword("V");`, "setPassword call quoted code"},
		{"a.java", `new Credentials("user", "V");`, "Credentials call quoted code"},
		{"a.py", `s.auth = ("user", "V")`, "s.auth assign quoted code"},
		{"a.py", `connect(user="u", password=b"V")`, "password assign quoted code"},
		{"a.py", `d = {"password": "V"}`, "password colon quoted code"},
		{"a.js", `const token = process.env.TOKEN || 'V';`, "token assign quoted code wrapped"},
		{"a.js", `const s = process.env.JWT_SECRET || 'V';`, "process.env.JWT_SECRET assign quoted code"},
		{"a.cs", `var s = config["Token"] ?? "V";`, "Token assign quoted code"},
		{"a.js", `jwt.sign(payload, 'V');`, "secret_key call quoted code"},
		{"a.js", `new Sequelize('shop', 'root', 'V', {});`, "password call quoted code"},
		{"a.py", `AWS_SECRET_KEY = os.getenv('X', 'V')`, "AWS_SECRET_KEY assign quoted code wrapped"},
		{"a.go", `key := []byte("V")`, "key assign quoted code"},
		{"a.java", `if (password.equals("V")) {`, "password compare quoted code"},
		{"a.java", `DriverManager.getConnection("jdbc:mysql://h/d", "u", "V");`, "password call quoted code"},
		{"a.java", `DriverManager.getConnection("jdbc:mysql://" + host(1, 2) + "/d", u, "V");`, "password call quoted code"},
		{"a.py", `db = pymysql.connect("h", "u", "V", "d")`, "password call quoted code"},
		{"notes", `db = MySQLdb.connect('h','u','V','d')`, "password call quoted prose"},
		{"a.php", `new PDO($dsn, 'u', 'V');`, "password call quoted code"},
		{"a.php", `$c = mysqli_connect(getenv('H'), 'u', 'V');`, "password call quoted code"},
		{"a.php", `ftp_login($c, 'u', 'V');`, "password call quoted code"},
		{"a.py", `cx_Oracle.connect("u", "V", "h/xe")`, "password call quoted code"},
		{"a.py", `ssh.connect(host, 22, 'u', 'V')`, "password call quoted code"},
		{"a.go", `smtp.PlainAuth("", user, "V", host)`, "password call quoted code"},
		{"a.java", `transport.connect("smtp.example.org", user, "V");`, "password call quoted code"},
		{"a.py", `smtp.login(user, 'V')`, "password call quoted code"},
		{"a.cs", `new DirectoryEntry("LDAP://h", "u", "V");`, "password call quoted code"},
		{"a.cs", `var key = Encoding.UTF8.GetBytes("V");`, "key assign quoted code wrapped"},
		{"build.gradle", `buildConfigField "String", "API_KEY", '"V"'`, "API_KEY comma quoted code"},
		{"a.sh", "echo ${DB_PASSWORD:-V}", "DB_PASSWORD assign bare data"},
		{"a.sh", "redis-cli -a V ping", "password flag bare data"},
		{"slapd.conf", "rootpw V", "rootpw space bare data"},
		{"a.php", `define('DB_PASSWORD', 'V');`, "DB_PASSWORD comma quoted code"},
		{"a.go", `dsn := "host=h user=u password=V dbname=d"`, "password assign bare string"},
		{"a.go", `u := "https://h.example/p?x=1&private_token=V&y=2"`, "private_token query bare string"},
		{"a.sh", "curl -u user:V https://h.example", "password flag bare data"},
		{"a.sh", "docker login -u u -p V r.example", "password flag bare data"},
		{"a.sh", "mysql -uroot -pV d", "password flag bare data"},
		{"a.sh", "sshpass -p 'V' ssh h.example", "password flag quoted data"},
		{"a.sh", "podman login quay.io -u u -p V", "password flag bare data"},
		{"a.yml", "  - az login --service-principal -u app -p V --tenant t", "password flag bare data"},
		{"a.sh", "mongo -u root -p V --authenticationDatabase admin", "password flag bare data"},
		{"a.sh", "mongodump --host h \\\n  -u root -p 'V'", "password flag quoted data"},
		{"a.sh", "lftp -u user,V ftp.example.org", "password flag bare data"},
		{"a.sh", "smbclient //h/share -U user%V", "password flag bare data"},
		{"a.sh", "ldapsearch -x -D cn=admin -w V -b dc=x", "password flag bare data"},
		{"a.bat", `"C:\tools\SQLCMD.EXE" -U sa -P "V" -S h`, "password flag quoted string"},
		{"a.bat", "plink -ssh root@h -pw V ls", "-pw flag bare data"},
		{"a.ps1", `$c = ("V" | ConvertTo-SecureString -AsPlainText -Force)`, "password flag quoted data"},
		{"a.ps1", `ConvertTo-SecureString -AsPlainText -String 'V' -Force`, "password flag quoted data"},
		{"a.sh", "tool --password V --x", "--password flag bare data"},
		{"a.ps1", `ConvertTo-SecureString "V" -AsPlainText -Force`, "password flag quoted data"},
		{"a.md", "Authorization: Bearer V", "bearer scheme bare prose"},
		{"a.md", "| API token | V |", "API token cell bare prose"},
		{"a.md", "The default password is V.", "default password space bare prose"},
		{"a.html", "nkey: &#39;V&#39;,", "nkey colon quoted prose"},
		{"a.sql", "CREATE USER u IDENTIFIED BY 'V';", "password space quoted data"},
		{"a.sql", "ALTER USER 'u'@'h' IDENTIFIED WITH mysql_native_password BY 'V';", "password space quoted data"},
		{"a.sql", "ALTER ROLE r PASSWORD 'V';", "PASSWORD space quoted data"},
		{"a.sql", "UPDATE users SET password = MD5('V') WHERE id = 1;", "password assign quoted data wrapped"},
		{"a.sql", "INSERT INTO users (id, password, name) values (1, 'V', 'n');", "password cell quoted data"},
		{"a.sql", "INSERT INTO `users` (`name`, `user_pass`) values\n('n', SHA1('V')),\n('m', 'x');", "user_pass cell quoted data wrapped"},
		{"a.sql", "INSERT [dbo].[Users] ([Name], [Password]) values (N'it''s, (so)', N'V')", "Password cell quoted data"},
		{"a.sql", "insert into t (a, passwd)\nselect 'a', 'V' where not exists (select 1);", "passwd cell quoted data"},
		{"a.php", `$db->query("INSERT INTO users (name, password) values ('n', 'V')");`, "password cell quoted string"},
		{"Dockerfile", "ENV DB_PASSWORD=V", "DB_PASSWORD assign bare data"},
	} {
		text := strings.ReplaceAll(c.text, "V", value)
		var got []string
		for _, a := range anchored(c.path, text) {
			if text[a.start:a.end] != value {
				continue
			}
			quoted, wrapped := "bare", ""
			if a.quoted {
				quoted = "quoted"
			}
			if a.wrapped {
				wrapped = " wrapped"
			}
			got = append(got, fmt.Sprintf("%s %s %s %s%s", a.name, operatorNames[a.op], quoted, settingNames[a.where], wrapped))
		}
		if len(got) == 0 || got[0] != c.want {
			t.Errorf("%s: assignments(%q) = %q, want %q", c.path, c.text, got, c.want)
		}
	}
}

func TestAssignments_nothing(t *testing.T) {
	for _, c := range []struct{ path, text string }{
		{"a.go", "password = config.Password"}, {"a.go", "token := readToken()"}, {"a.js", "this.token = token;"}, {"a.py", "def login(user, password):"},
		{"a.go", `words := []string{"user", "password", "secret"}`}, {"a.ts", "password: string;"}, {"a.yml", "password:\n"}, {"a.java", "String password = null;"},
		{"a.sh", "echo ${DB_PASSWORD:?set a password}"}, {"a.conf", "SSLPassPhraseDialog builtin"},
		{"a.php", `new PDO($dsn, $user, $password, ["x1y2z3"]);`}, {"a.py", `ssh.connect(host, 22, 'u')`},
		{"a.sh", "docker run --name mongo -p 27017:27017 mongo"}, {"a.sh", "mysql -u root -p shop"}, {"a.sh", "sudo login -p x1y2z3"},
		{"a.ps1", "Read-Host 'Password' | ConvertTo-SecureString -AsPlainText -Force"},
		{"a.sql", "INSERT INTO t (a, password) VALUES ('x1y2z3', ?);"}, {"a.sql", "SELECT f(a, password) FROM t WHERE a IN ('x1y2z3');"},
		{"a.html", `<span *ngIf="data.hasPassword">x1y2z3</span>`}, {"a.html", `<a [routerLink]="['/forgot-password']">x1y2z3</a>`},
		{"a.rb", `token = ENV.fetch("DEPLOY_TOKEN")`}, {"a.cpp", "Token::kind"},
	} {
		if got := anchored(c.path, c.text); len(got) > 0 {
			t.Errorf("%s: assignments(%q) = %q, want none", c.path, c.text, c.text[got[0].start:got[0].end])
		}
	}
}

// Each column with the name of a secret reads the rows of its statement: a table of many such columns may not make that
// grow with their number.
func TestAssignments_columns(t *testing.T) {
	read := func(columns int) int {
		text := []byte("INSERT INTO t (" + strings.TrimSuffix(strings.Repeat("password,", columns), ",") + ") VALUES ")
		for range 400 {
			text = append(text, "("+strings.TrimSuffix(strings.Repeat("'EXAMPLE1',", columns), ",")+"),"...)
		}
		s := &source{content: text, genre: genreOf("a.sql")}
		for i := len("INSERT INTO t ("); i < maxColumns; i += len("password,") {
			s.read(nil, s.nameAt(i))
		}
		return s.rows / len(text)
	}
	if got := read(150); got == 0 || got > rowEffort+2 {
		t.Errorf("the rows of 150 columns were read %d times over, want at most %d", got, rowEffort+2)
	}
	text := []byte(strings.Repeat("INSERT INTO t (password) SELECT ", 5000))
	open := &source{content: text, genre: genreOf("a.sql")}
	for i := len("INSERT INTO t ("); i < len(text); i += len("INSERT INTO t (password) SELECT ") {
		open.read(nil, open.nameAt(i))
	}
	if got := open.rows / len(text); got == 0 || got > rowEffort+2 {
		t.Errorf("statements without an end were read %d times over, want at most %d", got, rowEffort+2)
	}
	out := anchored("a.sql", "INSERT INTO t (id, token) VALUES "+strings.Repeat("(1, 'EXAMPLE1'),", maxRows+5))
	if diff := cmp.Diff(maxRows, len(out)); diff != "" {
		t.Errorf("values of one long statement (-want +got):\n%s", diff)
	}
}

// The work on one long line, or on many names, grows with its length: twice the text gives twice the values.
func TestAssignments_long_line(t *testing.T) {
	for _, unit := range []string{"password=x1y2z3,", `"token":"x1y2z3",`, "token ", "key(", "secret=", `\"auth\":`, "pass'", "key: {", "api[["} {
		short, long := len(anchored("a.js", strings.Repeat(unit, 2000))), len(anchored("a.js", strings.Repeat(unit, 4000)))
		if diff := cmp.Diff(true, long >= short && long <= 2*short+8); diff != "" {
			t.Errorf("%q: %d values, and %d in twice the text", unit, short, long)
		}
	}
}

func FuzzAssignments(f *testing.F) {
	for _, s := range []string{"", "password", "token=", "key: 'x", `\"auth\": \"`, "secret = \"\"\"", "api[", "pass(\"a\",", "identified by", "bearer %20", "<key>token</key>", "mysql -p", "password: |", "cred\xe2\x80"} {
		f.Add("a.py", s)
		f.Add("a.yaml", s)
	}
	f.Add("a.sql", "INSERT INTO t (a, password) VALUES (1, 'x'), (2, N'y''z'); insert into t (token) select md5('x")
	f.Fuzz(func(t *testing.T, path, text string) {
		for _, a := range anchored(path, text) {
			if a.start < 0 || a.end > len(text) || a.end-a.start < leastValue || a.end-a.start > maxValue+8 || int(a.op) >= len(operatorNames) {
				t.Fatalf("assignments(%q, %q): value at %d to %d", path, text, a.start, a.end)
			}
			judged := suspect{content: []byte(text), hit: &hit{start: a.start, end: a.end, assigned: &a, rank: rankGuess}, name: factsOf(a.name), shape: shapeOf([]byte(text)[a.start:a.end])}
			if s, _ := fitted().score(&judged, &features{}); !(s >= 0 && s <= 1) {
				t.Fatalf("score of %q in %q is %v", text[a.start:a.end], text, s)
			}
		}
	})
}

// On a line that is longer than any value no value goes to its end, but for those near it: else each of many names
// would have all that follow it for its value. So twice the names cost no more than twice the bytes.
func TestAssignments_longLine(t *testing.T) {
	read := func(count int) (values, bytes, size int) {
		var text []byte
		var names []int
		for i := range count {
			names = append(names, len(text))
			text = fmt.Appendf(text, "password%d: EXAMPLE%d ", i, i)
		}
		for _, a := range assignments(genreOf("a.yaml"), text, names) {
			values, bytes = values+1, bytes+a.end-a.start
		}
		return values, bytes, len(text)
	}
	few, bytes, size := read(2000)
	many, moreBytes, moreSize := read(4000)
	if few != 2000 || many != 4000 || moreBytes-bytes > moreSize-size {
		t.Errorf("%d and %d values of %d and %d bytes in %d and %d, want 2000 and 4000, and no more bytes than are added", few, many, bytes, moreBytes, size, moreSize)
	}
}
