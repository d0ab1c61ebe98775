package gitrepo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

// grace is how long a cancelled command may tidy up before its process group is killed.
const grace = time.Second

// call is one run of git.
type call struct {
	args   []string
	gitDir string    // the repository; empty for commands that need none
	dir    string    // the working directory; empty for this process's
	ceil   string    // git looks for no repository above this folder
	config []setting // on top of Git.config
	stdin  io.Reader // nil is empty
	hide   []string  // values that never enter an error
}

// process is a started call. Its out must be read to the end or abandoned by stop; then wait.
type process struct {
	out    io.Reader
	stop   context.CancelFunc
	cmd    *exec.Cmd
	parent context.Context
	call   call
	stderr tail
	killer *time.Timer
}

// start runs c until it ends or ctx does. The command leads a process group of its own, since git starts
// helpers that would outlive it.
func (g *Git) start(ctx context.Context, c call) (*process, error) {
	run, stop := context.WithCancel(ctx)
	p := &process{stop: stop, parent: ctx, call: c}
	args := c.args
	if c.gitDir != "" {
		args = append([]string{"--git-dir=" + c.gitDir}, args...)
	}
	p.cmd = exec.CommandContext(run, g.path, args...)
	p.cmd.Env = append(slices.Clone(g.env), configEnv(append(slices.Clone(g.config), c.config...))...)
	if c.ceil != "" {
		p.cmd.Env = append(p.cmd.Env, "GIT_CEILING_DIRECTORIES="+c.ceil)
	}
	p.cmd.Dir, p.cmd.Stdin, p.cmd.Stderr = c.dir, c.stdin, &p.stderr
	ownGroup(p.cmd)
	p.cmd.WaitDelay = grace
	p.cmd.Cancel = func() error {
		// The reader of out may wait for a helper that ignores the first signal, so the second cannot wait for it.
		p.killer = time.AfterFunc(grace, func() { killGroup(p.cmd) })
		endGroup(p.cmd)
		return nil
	}
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.out = out
		err = p.cmd.Start()
	}
	if err == nil && g.memory > 0 {
		limitMemory(p.cmd, g.memory)
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("git %s: %w", c.args[0], err)
	}
	return p, nil
}

// wait ends the command's life and returns nil only if it exited with status 0.
func (p *process) wait() error {
	err := p.cmd.Wait()
	p.stop()
	if p.killer != nil {
		p.killer.Stop()
	}
	if err == nil {
		return nil
	}
	killGroup(p.cmd)
	if p.parent.Err() != nil {
		return fmt.Errorf("git %s: %w", p.call.args[0], context.Cause(p.parent))
	}
	return explain(p.call, err, p.stderr.lines())
}

// run runs c and drops its output.
func (g *Git) run(ctx context.Context, c call) error {
	return g.stream(ctx, c, func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
}

// output runs c and returns its output; more than limit bytes are an error.
func (g *Git) output(ctx context.Context, c call, limit int64) ([]byte, error) {
	var out []byte
	err := g.stream(ctx, c, func(r io.Reader) (err error) {
		out, err = io.ReadAll(io.LimitReader(r, limit+1))
		if err == nil && int64(len(out)) > limit {
			err = fmt.Errorf("git %s: more than %d bytes of output", c.args[0], limit)
		}
		return err
	})
	return out, err
}

// stream runs c and hands its output to read. An error of read ends the command and is returned; else the
// command's own.
func (g *Git) stream(ctx context.Context, c call, read func(io.Reader) error) error {
	p, err := g.start(ctx, c)
	if err != nil {
		return err
	}
	if err := read(p.out); err != nil {
		p.stop()
		if died := p.wait(); died != nil && ctx.Err() != nil {
			return died
		}
		return err
	}
	return p.wait()
}

func configEnv(all []setting) []string {
	env := []string{"GIT_CONFIG_COUNT=" + strconv.Itoa(len(all))}
	for i, s := range all {
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+s.key, "GIT_CONFIG_VALUE_"+n+"="+s.value)
	}
	return env
}

// tail keeps the last bytes written to it.
type tail struct {
	kept []byte
	cut  bool
}

const tailSize = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	n := len(b)
	if len(b) > tailSize {
		b = b[len(b)-tailSize:]
	}
	t.kept = append(t.kept, b...)
	if extra := len(t.kept) - tailSize; extra > 0 {
		t.kept = t.kept[:copy(t.kept, t.kept[extra:])]
	}
	t.cut = t.cut || n > len(b) || len(t.kept) == tailSize
	return n, nil
}

// lines returns the whole lines kept: half a line could begin in the middle of a value that is to be hidden.
func (t *tail) lines() []byte {
	if !t.cut {
		return t.kept
	}
	_, rest, _ := bytes.Cut(t.kept, []byte("\n"))
	return rest
}
