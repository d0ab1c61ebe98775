package scanner

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace holds all requests to one instance to the rate asked for, and to what the instance says is left.
type pace struct {
	limit *rate.Limiter

	mu    sync.Mutex
	until time.Time // no request before
}

func newPace(perSecond float64) *pace {
	if perSecond <= 0 {
		return &pace{limit: rate.NewLimiter(rate.Inf, 1)}
	}
	return &pace{limit: rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/2)))}
}

func (p *pace) wait(ctx context.Context, now time.Time) error {
	p.mu.Lock()
	pause := p.until.Sub(now)
	p.mu.Unlock()
	if pause > 0 {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	return p.limit.Wait(ctx)
}

// follow reads GitLab's RateLimit headers: with 5 % or less left, all requests wait for the reset.
// Source: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
func (p *pace) follow(h http.Header, now time.Time) {
	limit, err1 := strconv.Atoi(h.Get("RateLimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("RateLimit-Remaining"))
	reset, err3 := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64)
	if errors.Join(err1, err2, err3) != nil || left > limit/20 {
		return
	}
	// A clock that is off must not stop the scan for hours: GitLab's windows are a minute, some an hour.
	until := now.Add(min(max(time.Unix(reset, 0).Sub(now), 0), time.Minute))
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.until) {
		p.until = until
	}
}

// Tries of one request. A rate limit of GitLab's application settings answers 429 without headers and lasts a minute.
const (
	maxTries       = 4
	maxTriesLimit  = 8
	maxWaitLimit   = 2 * time.Minute
	firstWaitLimit = 10 * time.Second
)

// backoff says whether and when a failed request is worth another try.
func (c *Client) backoff(err error, a *answer, try int) (time.Duration, bool) {
	var api *APIError
	if !errors.As(err, &api) {
		return 0, false
	}
	switch {
	case api.Status == http.StatusTooManyRequests:
		return c.limitWait(a.header, try), try < maxTriesLimit
	case api.Kind == transport, api.Kind == damaged, api.Status >= 500:
		return jitter(500 * time.Millisecond << (try - 1)), try < maxTries
	}
	return 0, false
}

// limitWait honours Retry-After, then RateLimit-Reset, then waits longer with each try.
func (c *Client) limitWait(h http.Header, try int) time.Duration {
	text := h.Get("Retry-After")
	if s, err := strconv.Atoi(text); err == nil && s >= 0 {
		return time.Duration(min(s, int(maxWaitLimit/time.Second)))*time.Second + jitter(100*time.Millisecond)
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(t.Sub(c.now()), time.Second), maxWaitLimit)
	}
	if s, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64); err == nil {
		if d := time.Unix(s, 0).Sub(c.now()); d > 0 {
			return min(d, maxWaitLimit)
		}
	}
	return min(jitter(firstWaitLimit<<(try-1)), maxWaitLimit)
}

// jitter spreads workers that wait for the same reason over d to 1.25 d.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/4+1) }
