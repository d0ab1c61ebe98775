package gitrepo

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"nhiscan/inventory/secret"
)

// Remote is a repository on a server.
type Remote struct {
	// URL is http, https, or file where Options.AllowFile; without user info, query and fragment.
	URL string
	// User goes with Token; empty means "oauth2", which GitLab takes with any access token.
	User string
	// Token reaches git through its environment only, bound to URL. Empty: anonymous.
	Token secret.Value
	// CAFile holds further certificates to trust, PEM; empty: the system's.
	CAFile string
	// Key names the mirror in the cache and must outlive a renamed project, like "demo/42". Empty: URL.
	Key string
}

// check refuses what git would read as something else than a plain address.
func (r Remote) check(allowFile bool) error {
	u, err := url.Parse(r.URL)
	if err != nil {
		return fmt.Errorf("repository URL is malformed") // the parser's error would repeat it, credentials included
	}
	switch {
	case strings.ContainsFunc(r.URL, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return fmt.Errorf("repository URL has spaces or control characters")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return fmt.Errorf("repository URL of %s has user info, a query or a fragment; pass the token on its own", printable(u.Host, 100))
	case u.Scheme == "file" && allowFile && u.Host == "" && u.Path != "":
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("repository URL is neither http nor https: %s", printable(r.URL, 200))
	case strings.Contains(r.User, ":"):
		return fmt.Errorf("user name for %s has a colon", printable(u.Host, 100))
	}
	return nil
}

// dress adds to c what reaching the remote needs.
func (r Remote) dress(c call) call {
	if r.CAFile != "" {
		c.config = append(c.config, setting{"http.sslCAInfo", r.CAFile})
	}
	if r.Token.Len() == 0 {
		return c
	}
	user := r.User
	if user == "" {
		user = "oauth2"
	}
	token := r.Token.Reveal()
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + token))
	c.config = append(c.config, setting{"http." + r.URL + ".extraHeader", "Authorization: Basic " + basic})
	c.hide = append(c.hide, basic, token)
	return c
}

func (r Remote) key() string {
	if r.Key != "" {
		return r.Key
	}
	return r.URL
}
