package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
)

// newTransport returns the transport for an instance: proxies as the environment says, and the certificate
// authorities of a file besides the system's. given, when not nil, is used as it is.
func newTransport(ctx context.Context, caFile string, given http.RoundTripper) (http.RoundTripper, error) {
	if given != nil {
		return given, nil
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	if caFile == "" {
		return t, nil
	}
	pem, err := readInput(ctx, caFile, maxCAFile)
	if err != nil {
		return nil, usage(fmt.Errorf("--ca-file: %w", err), "")
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage(fmt.Errorf("--ca-file %s: no PEM certificate in it", caFile), "")
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}
