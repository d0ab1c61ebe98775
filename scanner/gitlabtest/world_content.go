package gitlabtest

// Snippet is a shared piece of text with one or more files.
type Snippet struct {
	ID          int64             `yaml:"id"`
	Title       string            `yaml:"title"`
	Description string            `yaml:"description"`
	Visibility  string            `yaml:"visibility"` // private (default), internal, public
	Author      string            `yaml:"author"`     // username
	CreatedAt   Time              `yaml:"created_at"`
	Files       map[string]string `yaml:"files"` // path to content
}

// Release is a published version with links to its assets.
type Release struct {
	Tag         string         `yaml:"tag"`
	Name        string         `yaml:"name"` // default: the tag
	Description string         `yaml:"description"`
	Author      string         `yaml:"author"` // username
	CreatedAt   Time           `yaml:"created_at"`
	Links       []*ReleaseLink `yaml:"links"`
}

// ReleaseLink is one asset. Package makes it a generic package of the same project, whose file holds Content.
type ReleaseLink struct {
	ID      int64  `yaml:"id"`
	Name    string `yaml:"name"`
	URL     string `yaml:"url"`     // empty with Package
	Package string `yaml:"package"` // name/version/file
	Content string `yaml:"content"`
}
