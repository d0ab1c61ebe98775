package scanner

import (
	"context"
	"errors"
	"fmt"

	"nhiscan/inventory"
)

// Logs are read only when asked for (--logs N): each is a request, and most are long and dull. GitLab masks masked
// variables in them; what a script computes or prints from elsewhere stands there in clear.
// Source: https://docs.gitlab.com/api/jobs/#get-a-log-file
var jobLog = Source{
	ID: "job-log", Title: "Secrets in job logs",
	Shows: "Secrets in the logs of a project's latest jobs, as many as --logs asks for.",
	API:   []string{"GET /projects/:id/jobs", "GET /projects/:id/jobs/:job_id/trace"},
	Needs: Needs{Role: Reporter, Scope: "read_api"},
	Homes: atProject,
	None:  emptyRepository,
	Skip: func(v *Visit) string {
		if v.run.o.Logs == 0 {
			return "not asked for: --logs N reads the latest N of each project"
		}
		return buildsOff(v)
	},
	Collect: func(ctx context.Context, v *Visit) error {
		left := v.run.o.Logs
		for raw, err := range pages[jobJSON](ctx, v, "%s/jobs?scope[]=success&scope[]=failed&scope[]=canceled", v.Path()) {
			if err != nil {
				return err
			}
			if left == 0 {
				break
			}
			left--
			if err := v.searchLog(ctx, raw); err != nil {
				return err
			}
		}
		return nil
	},
}

type jobJSON struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	CreatedAt moment `json:"created_at"`
}

func (v *Visit) searchLog(ctx context.Context, j jobJSON) error {
	content, err := v.run.client.text(ctx, fmt.Sprintf("%s/jobs/%d/trace", v.Path(), j.ID))
	var api *APIError
	switch {
	case notFound(err): // erased, or expired
		return nil
	case errors.As(err, &api) && api.Kind == tooLarge:
		v.Incomplete(fmt.Sprintf("the log of job %d is larger than is read", j.ID))
		return nil
	case err != nil:
		return err
	}
	at := inventory.Location{
		Home: v.Home.ID, Surface: inventory.SurfaceLog, Path: fmt.Sprintf("job %d (%s)", j.ID, v.printable(j.Name, maxName)), At: j.CreatedAt.Known(),
	}
	v.searchText(at, "job.log", content)
	return nil
}
