package scanner

import (
	"context"
	"net/http"

	"nhiscan/inventory"
)

// A Pages domain carries a certificate, whose key GitLab never shows. The administrator's list holds all domains and
// is read once for all projects.
// Source: https://docs.gitlab.com/api/pages_domains/
var pagesDomain = Source{
	ID:    "pages-domain",
	Title: "Pages domains",
	Shows: "Custom domains of GitLab Pages and the expiry of their certificates.",
	API:   []string{"GET /pages/domains", "GET /projects/:id/pages/domains"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	Skip: func(v *Visit) string {
		if v.Home.Settings["pages_access_level"] == "disabled" {
			return "Pages is switched off in this project"
		}
		return ""
	},
	Collect: func(ctx context.Context, v *Visit) error {
		if v.Admin() && !v.Self.SaaS {
			all, err := shared(v, "pages domains", func() (map[int64][]pagesDomainJSON, error) { return listPagesDomains(ctx, v) })
			if err == nil {
				for _, raw := range all[v.Home.Number] {
					v.emitPagesDomain(raw)
				}
				return nil
			}
			return pagesOff(err)
		}
		for raw, err := range pages[pagesDomainJSON](ctx, v, "%s/pages/domains", v.Path()) {
			if err != nil {
				return pagesOff(err)
			}
			v.emitPagesDomain(raw)
		}
		return nil
	},
}

// pagesOff reads a 404: an instance without Pages answers so to everyone.
func pagesOff(err error) error {
	if statusOf(err) == http.StatusNotFound {
		return unsupported("404: GitLab Pages is not switched on, or hidden from this token")
	}
	return err
}

type pagesDomainJSON struct {
	Domain       string            `json:"domain"`
	URL          string            `json:"url"`
	ProjectID    int64             `json:"project_id"` // of the instance list
	AutoSSL      flag              `json:"auto_ssl_enabled"`
	Verified     flag              `json:"verified"`
	EnabledUntil moment            `json:"enabled_until"`
	Certificate  *pagesCertJSON    `json:"certificate"`
	Expiration   *pagesExpiresJSON `json:"certificate_expiration"` // of the instance list, in place of the certificate
}

type pagesCertJSON struct {
	Subject    string `json:"subject"`
	Expired    flag   `json:"expired"`
	Expiration moment `json:"expiration"`
}

type pagesExpiresJSON struct {
	Expired    flag   `json:"expired"`
	Expiration moment `json:"expiration"`
}

func listPagesDomains(ctx context.Context, v *Visit) (map[int64][]pagesDomainJSON, error) {
	all := map[int64][]pagesDomainJSON{}
	for raw, err := range pages[pagesDomainJSON](ctx, v, "pages/domains") {
		if err != nil {
			return nil, err
		}
		all[raw.ProjectID] = append(all[raw.ProjectID], raw)
	}
	return all, nil
}

func (v *Visit) emitPagesDomain(raw pagesDomainJSON) {
	id := inventory.IdentityID(v.Instance(), "pages-domain", raw.Domain)
	v.Emit(inventory.Identity{
		ID: id, Kind: "pages-domain", Home: v.Home.ID, Name: raw.Domain, URL: raw.URL,
		Attributes: attributes("auto_ssl_enabled", triText(raw.AutoSSL.Tri()), "verified", triText(raw.Verified.Tri())),
	})
	expired, expires := inventory.Unknown, inventory.When{}
	switch {
	case raw.Certificate != nil && raw.Certificate.Subject+raw.Certificate.Expiration.Known().String() != "":
		expired, expires = raw.Certificate.Expired.Tri(), raw.Certificate.Expiration.Known()
	case raw.Expiration != nil:
		expired, expires = raw.Expiration.Expired.Tri(), raw.Expiration.Expiration.Known()
	default:
		return // no certificate
	}
	v.Emit(inventory.Credential{
		ID: inventory.CredentialID(v.Instance(), "pages-certificate", raw.Domain), Kind: "pages-certificate", Identity: id, Home: v.Home.ID,
		Name: raw.Domain, State: inventory.StateOf(v.Now(), inventory.Unknown, not(expired), expires), ExpiresAt: expires,
	})
}
