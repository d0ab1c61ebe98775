package scanner

import (
	"context"
	"errors"
	"fmt"

	"nhiscan/inventory"
)

// maxSnippetFiles bounds the files of one snippet; GitLab's own limit is 10.
const maxSnippetFiles = 100

// Source: https://docs.gitlab.com/api/project_snippets/
var snippet = Source{
	ID: "snippet", Title: "Secrets in snippets",
	Shows: "Secrets in the project's snippets, as they stand: their files, titles and descriptions.",
	API:   []string{"GET /projects/:id/snippets", "GET /projects/:id/snippets/:snippet_id/files/:ref/:file_path/raw"},
	Needs: Needs{Role: Guest, Scope: "read_api"},
	Homes: atProject,
	None:  func(v *Visit) bool { return v.unit.sizes != nil && v.unit.sizes.Snippets == 0 },
	Collect: func(ctx context.Context, v *Visit) error {
		for raw, err := range pages[snippetJSON](ctx, v, "%s/snippets", v.Path()) {
			if err != nil {
				return err
			}
			if err := v.searchSnippet(ctx, raw); err != nil {
				return err
			}
		}
		return nil
	},
}

type snippetJSON struct {
	ID          int64   `json:"id"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	Author      userRef `json:"author"`
	CreatedAt   moment  `json:"created_at"`
	Files       []struct {
		Path string `json:"path"`
	} `json:"files"`
}

func (v *Visit) searchSnippet(ctx context.Context, s snippetJSON) error {
	at := inventory.Location{Home: v.Home.ID, Surface: inventory.SurfaceSnippet, Author: s.Author.Name, At: s.CreatedAt.Known()}
	at.Path = fmt.Sprintf("snippet %d description", s.ID)
	v.searchText(at, at.Path, []byte(s.Title+"\n"+s.Description))
	for i, f := range s.Files {
		if i == maxSnippetFiles {
			v.Incomplete("a snippet has more files than are read")
			break
		}
		// HEAD names the default branch of the snippet's own repository, whatever it is called.
		content, err := v.run.client.text(ctx, fmt.Sprintf("%s/snippets/%d/files/HEAD/%s/raw", v.Path(), s.ID, escape(f.Path)))
		var api *APIError
		switch {
		case errors.As(err, &api) && (api.Kind == tooLarge || notFound(err)):
			v.Incomplete(fmt.Sprintf("a file of snippet %d could not be read: %s", s.ID, v.printable(err.Error(), maxReason)))
			continue
		case err != nil:
			return err
		}
		at.Path = fmt.Sprintf("snippet %d/%s", s.ID, v.printable(f.Path, maxShownPath))
		v.searchText(at, f.Path, content)
	}
	return nil
}

// searchText emits the secrets in a text that GitLab gave. name decides which rules apply, as a file's path does.
func (v *Visit) searchText(at inventory.Location, name string, content []byte) {
	for i, f := range sure(v.Engine().Scan(name, content)) {
		if i == maxMatches {
			v.Incomplete(fmt.Sprintf("a text holds more than %d secrets; the rest is not listed", maxMatches))
			return
		}
		at.Line, at.Column = f.Line, f.Column
		v.EmitFinding(at, f)
	}
}
