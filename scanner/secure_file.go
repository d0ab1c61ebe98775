package scanner

import (
	"context"
	"encoding/json"

	"nhiscan/inventory"
)

// Secure files are keystores and certificates for jobs. Only metadata is read: the file itself is never downloaded,
// and its checksum, which would confirm a guess at its content, is dropped.
// Source: https://docs.gitlab.com/api/secure_files/
var secureFile = Source{
	ID:    "secure-file",
	Title: "Secure files",
	Shows: "Keystores, certificates and profiles kept for jobs: names and expiry, never contents.",
	API:   []string{"GET /projects/:id/secure_files"},
	Needs: Needs{Role: Developer, Scope: "read_api"},
	Homes: atProject,
	Skip:  buildsOff,
	Collect: func(ctx context.Context, v *Visit) error {
		for raw, err := range pages[secureFileJSON](ctx, v, "%s/secure_files", v.Path()) {
			if err != nil {
				return err
			}
			// GitLab parses the expiry out of some formats only: null says that it could not, not that there is none.
			expires := raw.ExpiresAt.Known()
			if expires.IsUnknown() && raw.Metadata != nil {
				expires = raw.Metadata.ExpiresAt.Known()
			}
			var issuer, subject string
			if raw.Metadata != nil {
				issuer, subject = raw.Metadata.Issuer["CN"], raw.Metadata.Subject["CN"]
			}
			v.Emit(inventory.Credential{
				ID: v.CredentialID("secure-file", raw.ID), Kind: "secure-file", Home: v.Home.ID, Name: raw.Name,
				State:     inventory.StateOf(v.Now(), inventory.No, inventory.Unknown, expires),
				CreatedAt: raw.CreatedAt.Known(), ExpiresAt: expires,
				Attributes: attributes("file_extension", v.text(raw.Extension), "issuer", v.text(issuer), "subject", v.text(subject)),
			})
		}
		return nil
	},
}

type secureFileJSON struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	CreatedAt moment `json:"created_at"`
	ExpiresAt moment `json:"expires_at"`
	Extension string `json:"file_extension"`
	Metadata  *struct {
		Issuer    textMap `json:"issuer"`
		Subject   textMap `json:"subject"`
		ExpiresAt moment  `json:"expires_at"`
	} `json:"metadata"`
}

// textMap keeps the texts of an object whose values may be of any type.
type textMap map[string]string

// UnmarshalJSON drops what is no text.
func (m *textMap) UnmarshalJSON(b []byte) error {
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*m = textMap{}
	for k, v := range all {
		if s, ok := v.(string); ok {
			(*m)[k] = s
		}
	}
	return nil
}
