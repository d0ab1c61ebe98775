package workload

import (
	"regexp"
	"slices"
	"strings"
)

// request is one HTTP request as a script makes it.
type request struct {
	method string
	urls   []value
	auth   []value // headers, user:password, tokens in fields: all that is there to prove an identity
	style  string
	netrc  bool
}

// web reads curl, wget, httpie and PowerShell's.
// Sources: https://curl.se/docs/manpage.html, https://www.gnu.org/software/wget/manual/, https://httpie.io/docs/cli
func web(r *reading, c *call) {
	q := &request{}
	switch c.name {
	case "curl":
		q.curl(r, c)
	case "wget":
		q.wget(r, c)
	case "http", "https", "xh":
		q.httpie(c)
	default:
		q.powerShell(c)
	}
	for _, u := range q.urls {
		r.requested(q, u)
	}
}

// curlValues are the short options of curl that take a value, and curlLong the long ones that matter or are common.
const curlValues = "HudXFToAbeEmwxKcCDrtyYzPUQhq"

var curlLong = []string{
	"--header", "--user", "--request", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "--form", "--form-string", "--upload-file", "--url", "--output",
	"--oauth2-bearer", "--cert", "--key", "--cacert", "--capath", "--config", "--retry", "--retry-delay", "--retry-max-time", "--connect-timeout", "--max-time", "--write-out", "--proxy", "--resolve",
	"--user-agent", "--referer", "--cookie", "--cookie-jar", "--limit-rate", "--netrc-file", "--proxy-user", "--variable", "--expand-header", "--output-dir", "--dump-header", "--range", "--max-redirs", "--aws-sigv4", "--connect-to", "--interface", "--speed-limit", "--speed-time", "--tlsv1", "--mail-from", "--mail-rcpt", "--login-options",
}

func (q *request) curl(r *reading, c *call) {
	get := false
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		name, v := a.text, value{}
		next := func() {
			if i+1 < len(c.args) {
				i++
				v = c.args[i]
			}
		}
		switch {
		case strings.HasPrefix(name, "--"):
			if key, rest, ok := strings.Cut(name, "="); ok && slices.Contains(curlLong, key) {
				name, v = key, value{rest, a.names}
			} else if slices.Contains(curlLong, name) {
				next()
			}
		case strings.HasPrefix(name, "-") && len(name) > 1:
			at := strings.IndexAny(name[1:], curlValues)
			if strings.Contains(name, "G") && (at < 0 || strings.IndexByte(name, 'G') <= at) {
				get = true
			}
			if strings.ContainsRune(name, 'n') && (at < 0 || strings.IndexByte(name, 'n') <= at) {
				q.netrc = true
			}
			if at < 0 {
				continue
			}
			if rest := name[at+2:]; rest != "" {
				v = value{rest, a.names}
			} else {
				next()
			}
			name = "-" + name[at+1:at+2]
		default:
			q.urls = append(q.urls, a)
			continue
		}
		q.curlOption(r, name, v)
		get = get || name == "--get" || name == "-G"
	}
	if get {
		q.method = "GET"
	}
}

func (q *request) curlOption(r *reading, name string, v value) {
	implied := ""
	switch name {
	case "-H", "--header", "--expand-header":
		q.header(r, v)
	case "-u", "--user", "--proxy-user":
		q.auth, q.style = append(q.auth, v), "basic"
	case "--oauth2-bearer":
		q.auth, q.style = append(q.auth, v), "bearer"
	case "-X", "--request":
		q.method = strings.ToUpper(v.text)
	case "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "-F", "--form", "--form-string":
		implied = "POST"
		q.field(r, v)
	case "-T", "--upload-file":
		implied = "PUT"
	case "-I", "--head":
		implied = "HEAD"
	case "--url":
		q.urls = append(q.urls, v)
	case "-n", "--netrc", "--netrc-optional", "--netrc-file":
		q.netrc = true
	case "-E", "--cert", "--key":
		if names := secrets(v.names); len(names) > 0 {
			q.auth, q.style = append(q.auth, value{names: names}), "client-certificate"
		}
	case "-K", "--config":
		if f, ok := r.file(v.text); ok {
			q.auth, q.style = append(q.auth, f), "config-file"
		}
	}
	if q.method == "" {
		q.method = implied
	}
}

var authHeader = regexp.MustCompile(`(?i)^\s*["']?([\w-]*(token|authorization|api-?key|x-auth|secret|apikey|x-jfrog-art-api|auth|password|-key))["']?\s*[:=]\s*(.*)`)

// header reads a header; those that prove an identity are kept.
func (q *request) header(r *reading, v value) {
	if f, ok := r.file(strings.TrimPrefix(v.text, "@")); ok {
		v = f
	}
	m := authHeader.FindStringSubmatch(v.text)
	if m == nil {
		if names := secrets(v.names); len(names) > 0 {
			q.auth, q.style = append(q.auth, value{names: names, text: v.text}), "header"
		}
		return
	}
	q.auth = append(q.auth, v)
	switch name := strings.ToLower(m[1]); {
	case name == "authorization" && strings.HasPrefix(strings.ToLower(m[3]), "bearer"):
		q.style = "bearer"
	case name == "authorization" && strings.HasPrefix(strings.ToLower(m[3]), "basic"):
		q.style = "basic"
	default:
		q.style = name + "-header"
	}
}

var authField = regexp.MustCompile(`(?i)(^|[&?{,\s"'])"?\\?"?(token|private_token|job_token|access_token|password|passwd|api_?key|apikey|secret|client_secret|auth|key|chat_id|secret_id|jwt|assertion|id_token)\\?"?\s*[=:]`)

// field reads a body: only fields that prove an identity count.
func (q *request) field(r *reading, v value) {
	if f, ok := r.file(strings.TrimPrefix(v.text, "@")); ok {
		v = f
	}
	names := secrets(v.names)
	if len(names) > 0 && authField.MatchString(v.text) {
		q.auth = append(q.auth, value{names: names})
		if q.style == "" {
			q.style = "form-token"
		}
	}
}

func (q *request) wget(r *reading, c *call) {
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		name, rest, ok := strings.Cut(a.text, "=")
		v := value{rest, a.names}
		switch {
		case !strings.HasPrefix(a.text, "-"):
			q.urls = append(q.urls, a)
			continue
		case !ok && slices.Contains([]string{"-O", "-P", "-o", "-U", "-t", "-T", "--output-document", "--header", "--user", "--password", "--http-user", "--http-password", "--method", "--body-data", "--post-data", "--tries", "--timeout", "-i"}, name) && i+1 < len(c.args):
			i++
			v = c.args[i]
		}
		switch name {
		case "--header":
			q.header(r, v)
		case "--user", "--password", "--http-user", "--http-password":
			q.auth, q.style = append(q.auth, v), "basic"
		case "--method":
			q.method = strings.ToUpper(v.text)
		case "--post-data", "--post-file", "--body-data":
			if q.method == "" {
				q.method = "POST"
			}
			q.field(r, v)
		}
	}
}

func (q *request) httpie(c *call) {
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		switch {
		case (a.text == "-a" || a.text == "--auth") && i+1 < len(c.args):
			i++
			q.auth, q.style = append(q.auth, c.args[i]), "basic"
		case strings.HasPrefix(a.text, "-"):
		case len(q.urls) == 0 && slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}, strings.ToUpper(a.text)):
			q.method = strings.ToUpper(a.text)
		case len(q.urls) == 0:
			q.urls = append(q.urls, a)
		case authHeader.MatchString(a.text):
			q.auth, q.style = append(q.auth, a), "header"
			if q.method == "" && strings.Contains(a.text, "=") && !strings.Contains(a.text, "==") {
				q.method = "POST"
			}
		}
	}
}

// powerShell reads Invoke-RestMethod and Invoke-WebRequest.
// Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/invoke-restmethod
func (q *request) powerShell(c *call) {
	for i, a := range c.args {
		next := value{}
		if i+1 < len(c.args) {
			next = c.args[i+1]
		}
		switch strings.ToLower(a.text) {
		case "-uri":
			q.urls = append(q.urls, next)
		case "-method":
			q.method = strings.ToUpper(next.text)
		case "-infile":
			if q.method == "" {
				q.method = "PUT"
			}
		default:
			if strings.Contains(a.text, "://") && (i == 0 || !strings.EqualFold(c.args[i-1].text, "-uri")) {
				q.urls = append(q.urls, a)
			} else if names := secrets(a.names); len(names) > 0 {
				q.auth, q.style = append(q.auth, value{names: names}), "header"
			}
		}
	}
}
