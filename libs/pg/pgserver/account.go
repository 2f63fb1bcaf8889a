package pgserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that the server runs as. Postgres refuses root, so root
// lends it another one.
type account struct {
	name     string
	uid, gid uint32
	lent     bool // we are root and this is somebody else
}

// chooseAccount returns the owner of the cluster where there is one and we may
// become it, else ourselves, or for root the user postgres or nobody.
func chooseAccount(cluster string) (account, error) {
	self := account{name: "uid " + strconv.Itoa(os.Geteuid()), uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	owner, err := ownerOf(cluster)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if self.uid != 0 {
			return self, nil
		}
		return lendAccount()
	case err != nil:
		return account{}, fmt.Errorf("look at %s: %w", cluster, err)
	case owner.uid == self.uid && self.uid != 0:
		return self, nil
	case owner.uid == 0:
		return account{}, fmt.Errorf("%s belongs to root, as whom postgres does not run: chown it", cluster)
	case self.uid != 0:
		return account{}, fmt.Errorf("%s belongs to %s: run as that user, or choose another data directory", cluster, owner.name)
	}
	return owner, nil
}

// lendAccount returns the user that root runs the server as.
func lendAccount() (account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{name: name, uid: uint32(uid), gid: uint32(gid), lent: true}, nil
		}
	}
	return account{}, errors.New("postgres does not run as root and there is no user postgres or nobody: run as an ordinary user, or set DATABASE_URL")
}

// ownerOf returns the account that owns a path.
func ownerOf(path string) (account, error) {
	info, err := os.Stat(path)
	if err != nil {
		return account{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return account{}, errors.New("its owner cannot be told on this system")
	}
	name := "uid " + strconv.FormatUint(uint64(stat.Uid), 10)
	if u, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10)); err == nil {
		name = u.Username
	}
	return account{name: name, uid: stat.Uid, gid: stat.Gid, lent: os.Geteuid() == 0}, nil
}

// barrier returns the first directory on the way to path, path included, that a
// cannot enter, or "". Only permission bits count; a stricter system makes
// initdb fail with its own words.
func (a account) barrier(path string) string {
	if !a.lent {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	blocked := ""
	for dir := path; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && !a.mayExecute(info) {
			blocked = dir
		}
		if dir == filepath.Dir(dir) {
			return blocked
		}
	}
}

// mayExecute reports whether a may enter a directory or run a file.
func (a account) mayExecute(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch {
	case stat.Uid == a.uid:
		return info.Mode()&0o100 != 0
	case stat.Gid == a.gid:
		return info.Mode()&0o010 != 0
	}
	return info.Mode()&0o001 != 0
}

// own makes path the account's and closes it to everybody else.
func (a account) own(path string) error {
	if err := os.Chmod(path, 0o700); err != nil {
		return err
	}
	if !a.lent {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}
