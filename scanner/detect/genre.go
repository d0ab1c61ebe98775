package detect

import (
	"strings"
	"sync"
)

// notation is how values are written in a file.
type notation uint8

const (
	syntaxText   notation = iota // unknown
	syntaxCode                   // a bare word is a variable
	syntaxJSON                   // as code, and data
	syntaxYAML                   // a bare word is a value, up to the end of its line
	syntaxConf                   // the same for ini, env, properties, TOML
	syntaxShell                  // a bare word is a value, up to a space
	syntaxDocs                   // text for people, with all others inside
	syntaxMarkup                 // XML, HTML
	syntaxSQL
)

// genre is what a path says about a content. Equal kinds are read and scored alike.
type genre struct {
	syntax notation
	lang   string // group of languages, a feature of the model
	place  string // test, docs, sample, vendor, generated, hashes or ""
}

// langs are extensions and whole names of files, by group and syntax.
var langs = []struct {
	syntax notation
	lang   string
	names  string
}{
	{syntaxCode, "go", "go"}, {syntaxCode, "python", "py pyi pyw ipynb"}, {syntaxCode, "js", "js jsx ts tsx mjs cjs vue svelte coffee es6"},
	{syntaxCode, "ruby", "rb rake erb gemspec ru slim haml pug jade gemfile rakefile vagrantfile podfile fastfile dangerfile"}, {syntaxCode, "php", "php phtml inc php5"},
	{syntaxCode, "jvm", "java kt kts scala groovy gradle clj jsp jenkinsfile"}, {syntaxCode, "dotnet", "cs vb fs cshtml razor"},
	{syntaxCode, "native", "c h cc cpp hpp cxx m mm rs swift zig d sol"}, {syntaxCode, "script", "pl pm lua r dart ex exs erl hs jl tcl"},
	{syntaxCode, "hcl", "tf tfvars hcl nomad"}, {syntaxJSON, "json", "json json5 jsonc tfstate webmanifest postman_collection avsc har"},
	{syntaxYAML, "yaml", "yml yaml eyaml sls"}, {syntaxConf, "toml", "toml"},
	{syntaxConf, "ini", "ini prop cfg conf cnf config properties props prefs editorconfig desktop service reg rc npmrc pypirc s3cfg boto credentials all hosts inventory"},
	{syntaxConf, "env", "env example sample dist local template envrc development production staging"},
	{syntaxShell, "shell", "sh bash zsh ksh fish ps1 psm1 psd1 bat cmd dockerfile makefile mk procfile cast bashrc zshrc profile bash_history zsh_history"},
	{syntaxDocs, "docs", "md rst txt adoc asciidoc markdown mdx org tex log textile rdoc pod diff patch out"},
	{syntaxMarkup, "html", "html htm xhtml tmpl tpl ejs hbs mustache j2 jinja jinja2"}, {syntaxMarkup, "xml", "xml xaml axaml csproj plist resx svg wsdl xsd xsl pom jelly storyboard nuspec xib"},
	{syntaxCode, "css", "css scss sass less"},
	{syntaxSQL, "sql", "sql psql ddl pgsql mysql dump"},
}

// genreOf reads a path. It costs little beside one search of a content.
func genreOf(path string) genre {
	name := strings.ToLower(path[strings.LastIndexAny(path, "/\\")+1:])
	k := genre{lang: "other", place: placeOf(path)}
	for rest := name; rest != ""; {
		dot := strings.LastIndexByte(rest, '.')
		ext := rest[dot+1:]
		if found, ok := langOf(ext); ok {
			k.syntax, k.lang = found.syntax, found.lang
			// config.php.example is PHP, .env.example is not.
			if found.lang != "env" || dot <= 0 {
				return k
			}
		}
		if dot < 0 {
			break
		}
		rest = rest[:dot]
		if strings.HasPrefix(ext, "env") {
			k.syntax, k.lang = syntaxConf, "env"
			return k
		}
	}
	return k
}

func langOf(ext string) (genre, bool) {
	if ext == "" {
		return genre{}, false
	}
	g, ok := genres()[ext]
	return g, ok
}

// genres is langs by name; the first of a name counts.
var genres = sync.OnceValue(func() map[string]genre {
	m := map[string]genre{}
	for _, l := range langs {
		for n := range strings.FieldsSeq(l.names) {
			if _, known := m[n]; !known {
				m[n] = genre{syntax: l.syntax, lang: l.lang}
			}
		}
	}
	return m
})

// vendored reports whether a path is text of a known kind inside a folder of others' code.
func vendored(path string) bool {
	k := genreOf(path)
	return k.place == "vendor" && k.lang != "other"
}

// placeOf says what the folders and the name of a path call the file.
func placeOf(path string) string {
	words := placeWords()
	if isBundle(path) {
		return "locale"
	}
	first, cut := words.first(path)
	if cut {
		first, _ = words.first(notPlaces.Replace(strings.ToLower(path)))
	}
	if first == len(folders) {
		return ""
	}
	return folders[first].place
}

// isBundle reports whether a path is that of texts in one language, as Java names them: login_fr.properties, login_pt_BR.properties.
// Source: https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/ResourceBundle.html
func isBundle(path string) bool {
	name, ok := strings.CutSuffix(path, ".properties")
	if !ok {
		return false
	}
	if at := len(name) - 3; at > 0 && name[at] == '_' && name[at+1:] == strings.ToUpper(name[at+1:]) {
		name = name[:at] // the region
	}
	at := len(name) - 3
	return at > 0 && name[at] == '_' && languages[name[at+1:]]
}

// languages are the codes of ISO 639-1.
var languages = set("aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu")

// placeFinder finds the words of folders and notPlaces in one pass over a path.
type placeFinder struct {
	*automaton
	words []placeWord // by number of their literal
}

// placeWord is a word by its number in folders, which is -1 of what means no place. An ending counts at the end only.
type placeWord struct {
	folder int
	ending bool
}

var placeWords = sync.OnceValue(func() placeFinder {
	var f placeFinder
	var texts []string
	add := func(text string, folder int) {
		word, ending := strings.CutSuffix(text, "$")
		texts, f.words = append(texts, word), append(f.words, placeWord{folder, ending})
	}
	for i, p := range folders {
		for w := range strings.SplitSeq(p.words, " ") {
			add(w, i)
		}
	}
	for _, w := range notPlaceWords {
		add(w, -1)
	}
	f.automaton = newAutomata(texts)[0]
	return f
})

// first returns the first of folders that has a word in a path, len(folders) if none has; and whether there is a word in it
// that means no place.
func (f *placeFinder) first(path string) (folder int, cut bool) {
	folder = len(folders)
	state := f.next[f.class['/']] &^ final // a path begins as a folder does
	for i := range len(path) {
		if state = f.next[state+uint32(f.class[path[i]])]; state&final == 0 {
			continue
		}
		state &^= final
		for _, id := range f.ends[state/f.width] {
			switch w := f.words[id]; {
			case w.folder < 0:
				cut = true
			case !w.ending || i == len(path)-1:
				folder = min(folder, w.folder)
			}
		}
	}
	return folder, cut
}

// notPlaceWords hold the name of a place and mean none.
var notPlaceWords = []string{"latest", "attest", "inspect", "special", "specif"}

// notPlaces removes them.
var notPlaces = func() *strings.Replacer {
	var pairs []string
	for _, w := range notPlaceWords {
		pairs = append(pairs, w, "")
	}
	return strings.NewReplacer(pairs...)
}()

// folders are parts of paths, and with a dollar sign ends of them.
var folders = []struct{ place, words string }{
	{"hashes", ".nhi-baseline .secrets.baseline .gitleaksignore"}, // of secrets that somebody accepted
	{"vendor", "vendor/ node_modules/ third_party/ thirdparty/ site-packages/ bower_components/"},
	{"generated", ".min. .lock$ -lock. go.sum .map$ .snap generated /dist/"},
	{"locale", "/locale i18n/ i18n. l10n/ translations/ /lang/ /langs/ /language/ /languages/ messages_ localizations_ .po$ .pot$ .xlf$ .xliff$ .arb$"},
	{"test", "test spec mock fixture cassette"},
	{"sample", "example sample demo tutorial template default"},
	{"docs", "doc/ docs/ readme changelog guide .md$ .rst$ .adoc$"},
}
