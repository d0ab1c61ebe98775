package scanner

import (
	"context"
	"errors"

	"nhiscan/scanner/gitrepo"
)

// A wiki is a repository of its own, with a history that outlives an edited page.
// Source: https://docs.gitlab.com/user/project/wiki/#store-wiki-pages
var wiki = Source{
	ID: "wiki", Title: "Secrets in wikis",
	Shows: "Secrets in the pages of a project's wiki, in every version that its history holds, with the author who wrote them.",
	API:   []string{"git clone --mirror (PROJECT.wiki.git)"},
	Needs: Needs{Role: Guest, Scope: "read_repository"},
	Homes: atProject,
	None:  func(v *Visit) bool { return v.unit.sizes != nil && v.unit.sizes.Wiki == 0 },
	Skip:  repositorySource.Skip,
	Collect: func(ctx context.Context, v *Visit) error {
		err := v.readShelf(ctx, wikiShelf)
		if errors.Is(err, gitrepo.ErrNoRepo) && v.Level >= Reporter {
			return nil // git shows this role the code, so it would show a wiki: nobody has written one yet
		}
		return err
	},
}
