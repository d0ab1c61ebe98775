package fix

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/workload"
)

// verify holds the changed file against what it was: the same jobs with the same tokens, none of which uses or names
// the credential.
func (f *fixing) verify(after *ciyaml.Config) error {
	if f.config.Complete && !after.Complete {
		return fmt.Errorf("the changed file would no longer resolve completely")
	}
	before, now := slices.Concat(f.config.Jobs, f.config.Hidden), slices.Concat(after.Jobs, after.Hidden)
	if len(before) != len(now) {
		return fmt.Errorf("the changed file would have %d jobs, not %d", len(now), len(before))
	}
	if err := f.handedOn(before); err != nil {
		return err
	}
	pipeline := workload.Of(after)
	for i, job := range now {
		if job.Name != before[i].Name || len(job.Script) == 0 && len(before[i].Script) > 0 {
			return fmt.Errorf("job %s would lose its script", clean(before[i].Name))
		}
		for _, t := range before[i].IDTokens {
			if !slices.ContainsFunc(job.IDTokens, func(o ciyaml.IDToken) bool { return o.Name == t.Name && slices.Equal(o.Aud, t.Aud) }) {
				return fmt.Errorf("job %s would lose its ID token %s", clean(job.Name), clean(t.Name))
			}
		}
		unnamed := slices.ContainsFunc(job.Secrets, func(s ciyaml.ExternalSecret) bool { return s.Token == "" })
		if unnamed && len(before[i].IDTokens) == 1 && len(job.IDTokens) > 1 {
			return fmt.Errorf("job %s fetches secrets: with its only ID token, and would have two: name it with token: first", clean(job.Name))
		}
		if !f.affected(job.Name) {
			if !sameScript(before[i], job) {
				return fmt.Errorf("job %s shares lines of the script, and does not use the credential: give the job lines of its own first", clean(job.Name))
			}
			continue
		}
		if err := f.gone(pipeline, job); err != nil {
			return fmt.Errorf("job %s %w", clean(job.Name), err)
		}
	}
	return nil
}

// handedOn reports whether a job gets one of the secrets as an artifact or dotenv report of another: with what takes the
// credential's place it would get something else.
func (f *fixing) handedOn(jobs []ciyaml.Job) error {
	pipeline := workload.Of(f.config)
	for _, job := range jobs {
		for _, u := range pipeline.Read(job, f.pipeline.Files) {
			for _, n := range f.secrets {
				if u.Kind == workload.Artifact && slices.Contains(u.Credentials, "artifact:"+n) {
					return fmt.Errorf("job %s gets %s as an artifact of another job: let it get a credential of its own first", clean(job.Name), clean(n))
				}
			}
		}
	}
	return nil
}

func sameScript(a, b ciyaml.Job) bool {
	return slices.EqualFunc(a.Script, b.Script, func(x, y ciyaml.Command) bool { return x.Text == y.Text })
}

func (f *fixing) affected(name string) bool {
	return slices.ContainsFunc(f.uses, func(u use) bool { return u.job.Name == name })
}

// gone reports where a job still uses or names one of the secrets. What the lines of a recipe set themselves is no
// longer the stored variable.
func (f *fixing) gone(pipeline *workload.Pipeline, job ciyaml.Job) error {
	var made []string
	for _, r := range f.recipes {
		if err := setAgain(job, r); err != nil {
			return err
		}
		if slices.ContainsFunc(job.Script, func(c ciyaml.Command) bool { return len(r.setup) > 0 && strings.TrimSpace(c.Text) == r.setup[0] }) {
			made = append(made, r.sets...)
		}
	}
	for _, u := range pipeline.Read(job, f.pipeline.Files) {
		if u.Kind != workload.Variable && u.Kind != workload.Implicit {
			continue
		}
		for _, n := range u.Credentials {
			if slices.Contains(f.secrets, n) && !slices.Contains(made, n) {
				return fmt.Errorf("would still use %s for %s (line %d of the changed file): change it by hand", clean(n), clean(u.System), u.Evidence.Line)
			}
		}
	}
	for _, ref := range job.References {
		if slices.Contains(f.secrets, ref.Name) && (!slices.Contains(made, ref.Name) || !strings.HasSuffix(ref.Where, "script")) {
			return fmt.Errorf("would still name %s in its %s (line %d of the changed file): change it by hand", clean(ref.Name), clean(ref.Where), ref.Line)
		}
	}
	return nil
}

// setAgain reports where a script gives another value to what the lines of a recipe have set.
func setAgain(job ciyaml.Job, r recipe) error {
	for _, c := range job.Script {
		if slices.Contains(r.setup, strings.TrimSpace(c.Text)) {
			continue
		}
		for _, n := range r.sets {
			if regexp.MustCompile(`(?m)(^|[\s;&])` + n + `=`).MatchString(c.Text) {
				return fmt.Errorf("would set %s again in its %s (line %d of the changed file): change it by hand", clean(n), c.Where, c.Line)
			}
		}
	}
	return nil
}
