package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"nhiscan/inventory"
)

// maxAssets bounds the files that are read of one project's releases.
const maxAssets = 100

// What a release gives away is read where it lies among the packages of the same project. Other addresses are
// searched as texts only: they may lead anywhere, and the token goes to no other place.
// Source: https://docs.gitlab.com/api/releases/, https://docs.gitlab.com/user/packages/generic_packages/
var release = Source{
	ID: "release", Title: "Secrets in releases",
	Shows: "Secrets in the notes of releases, in the addresses of their assets, and in assets that are generic packages of the same project. Assets elsewhere are not fetched.",
	API:   []string{"POST /api/graphql (releases)", "GET /projects/:id/packages/generic/:package_name/:package_version/:file_name"},
	Needs: Needs{Role: Guest, Scope: "read_api"},
	Homes: atProject,
	None:  emptyRepository, // a release belongs to a tag
	Collect: func(ctx context.Context, v *Visit) error {
		rows, viaREST, err := graphList(ctx, v, "releases", func(g *projectGraphJSON) *list[releaseJSON] { return g.Releases })
		if viaREST {
			rows, err = v.restReleases(ctx)
		}
		for _, r := range rows {
			if err := v.searchRelease(ctx, r); err != nil {
				return err
			}
		}
		return err
	},
}

type releaseJSON struct {
	Tag         string               `json:"tagName"`
	Description string               `json:"description"`
	Links       list[releaseURLJSON] `json:"links"`
}

type releaseURLJSON struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// restReleases reads the same by REST, which names the fields otherwise.
func (v *Visit) restReleases(ctx context.Context) ([]releaseJSON, error) {
	type row struct {
		Tag         string `json:"tag_name"`
		Description string `json:"description"`
		Assets      struct {
			Links []*releaseURLJSON `json:"links"`
		} `json:"assets"`
	}
	var all []releaseJSON
	for raw, err := range pages[row](ctx, v, "%s/releases", v.Path()) {
		if err != nil {
			return all, err
		}
		r := releaseJSON{Tag: raw.Tag, Description: raw.Description}
		r.Links.Nodes = raw.Assets.Links
		all = append(all, r)
	}
	return all, nil
}

func (v *Visit) searchRelease(ctx context.Context, r releaseJSON) error {
	at := inventory.Location{Home: v.Home.ID, Surface: inventory.SurfaceRelease}
	tag := v.printable(r.Tag, maxName)
	at.Path = "release " + tag + " notes"
	v.searchText(at, at.Path, []byte(r.Description))
	for i, l := range r.Links.Nodes {
		if l == nil {
			continue
		}
		if i == maxAssets {
			v.Incomplete("a release has more assets than are read")
			break
		}
		at.Path = "release " + tag + " asset " + v.printable(l.Name, maxName)
		v.searchText(at, at.Path, []byte(l.URL))
		path, inside := v.packagePath(l.URL)
		if !inside {
			continue
		}
		content, err := v.run.client.text(ctx, path)
		var api *APIError
		switch {
		case errors.As(err, &api) && (api.Kind == tooLarge || notFound(err)):
			v.Incomplete(fmt.Sprintf("an asset of release %s could not be read: %s", tag, v.printable(err.Error(), maxReason)))
		case err != nil:
			return err
		default:
			v.searchText(at, l.Name, content)
		}
	}
	return nil
}

// packagePath returns the API path of an asset that is a generic package of this very project, told by its address.
func (v *Visit) packagePath(address string) (path string, ok bool) {
	u, err := url.Parse(address)
	prefix := v.run.client.at("api", "v4", v.Path(), "packages", "generic").EscapedPath() + "/"
	if err != nil || u.Host != v.run.client.base.Host || u.Scheme != v.run.client.base.Scheme {
		return "", false
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), prefix)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 {
		return "", false
	}
	for _, p := range parts { // dots would lead elsewhere, escaped or not
		if name, err := url.PathUnescape(p); err != nil || name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\") {
			return "", false
		}
	}
	return v.Path() + "/packages/generic/" + rest, true
}
