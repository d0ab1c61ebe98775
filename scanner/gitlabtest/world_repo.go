package gitlabtest

// Repository is a git history as data. Exactly one of Commits and Dir may be set; none makes an empty repository.
type Repository struct {
	DefaultBranch string    `yaml:"default_branch"` // default main
	Commits       []*Commit `yaml:"commits"`
	// Dir is an existing git repository on this machine, for projects made from local repositories.
	Dir string `yaml:"dir"`
}

// Commit is one commit, on top of the head of its branch.
type Commit struct {
	Message string `yaml:"message"`
	Author  string `yaml:"author"` // username, or a free name together with Email
	Email   string `yaml:"email"`
	Date    Time   `yaml:"date"`
	Branch  string `yaml:"branch"` // default: the default branch
	// From is the branch or tag a new branch starts at; empty for a root commit.
	From string `yaml:"from"`
	// Merge names branches that are further parents.
	Merge []string `yaml:"merge"`
	Tag   string   `yaml:"tag"`
	// MergeRequest also points refs/merge-requests/<n>/head here; zero for none.
	MergeRequest int               `yaml:"merge_request"`
	Files        map[string]string `yaml:"files"` // path to whole new content
	Delete       []string          `yaml:"delete"`
	// DeleteBranch removes the branch after this commit, so that only a tag or a merge request holds it.
	DeleteBranch bool `yaml:"delete_branch"`
}
