package detect

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A weak password is shown where a program reads it, and nowhere else; V stands for one, made at run time.
func TestScan_weak_passwords(t *testing.T) {
	weak := random(rand.New(rand.NewPCG(41, 42)), "0123456789", 6)
	for _, c := range []struct {
		path, text string
		shown      bool
	}{
		{"db.php", `$c = mysqli_connect("localhost", "shop", "V");`, true},
		{"db.py", `db = pymysql.connect("localhost", "shop", "V", "shop")`, true},
		{"docs/db.md", "`mysqli_connect(\"localhost\", \"shop\", \"V\")` connects.", false},
		{"db.php", `$c = mysqli_connect("localhost", "shop", "password");`, false},
		{"dump.sql", "INSERT INTO users (name, password) VALUES ('ann', 'V');", true},
		{"dump.sql", "INSERT INTO settings (\"key\", value) VALUES ('sizeV', 1);", false},
		{"application.yml", "mqtt:\n  url: tcp://10.0.0.7:1883\n  username: shop\n  password: V # of the broker\n", true},
		{"app.properties", "#db.url=jdbc:mysql://10.0.0.7/shop\n#db.username=shop\n#db.password=V\n", true},
		{"application.yml", "form:\n  title: Login\n  password: V\n", false},
		{"db.py", `ms = Server(host="10.0.0.7", user="sa", pwd="V", db="shop")`, true},
		{"db.php", "define('DB_HOST', 'localhost');\ndefine('DB_USER', 'root');\ndefine('DB_PASS', 'V');\n", true},
		{"db.go", "const (\n\tDBUser = \"root\"\n\tDBPassword = \"V\"\n\tDBHost = \"localhost\"\n)\n", true},
		{"db_test.go", "const (\n\tDBUser = \"root\"\n\tDBPassword = \"V\"\n\tDBHost = \"localhost\"\n)\n", false},
		{"db.go", "c := Config{\n\tUser: user,\n\tPassword: \"V\",\n\tHost: host,\n}\n", false},
		{"web.config", `<add name="shop" connectionString="Data Source=db\SQL;Initial Catalog=shop;User ID=xw;Password=V"/>`, true},
		{"db.py", `form(label="Password", pwd="V")`, false},
		{"import.sh", "sqoop import --connect jdbc:mysql://db/shop --username root --password V --table t", true},
		{"db.py", `## ms = Server(host="10.0.0.7", user="sa", pwd="V", db="shop")`, true},
		{".env", "SHOP_JWT=shop-jwt-secret\n", true},
		{".env.example", "SHOP_JWT=shop-jwt-secret\n", false},
		{"vars.yml", "mysql_root_password: V\n", true},
		{"vars.yml", "old_root_password: V\n", false},
		{"vars.yml", "mysql_root_password: change.me.V\n", false},
		{"tests/vars.yml", "mysql_root_password: V\n", false},
	} {
		text := strings.ReplaceAll(c.text, "V", weak)
		if strings.Contains(c.text, "VALUES") {
			text = strings.ReplaceAll(c.text, "V'", weak+"'")
		}
		shown := false
		for _, f := range engine(t).Scan(c.path, []byte(text)) {
			shown = shown || f.Confidence >= DefaultConfidence
		}
		if shown != c.shown {
			t.Errorf("%s: Scan(%q) shows a secret: %v, want %v", c.path, c.text, shown, c.shown)
		}
	}
}
