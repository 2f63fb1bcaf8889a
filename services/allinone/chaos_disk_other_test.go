//go:build !linux

package main

import "errors"

var errNoDisk = errors.New("only on Linux")

func mountSmall(string, int) error { return errNoDisk }

func unmount(string) error { return errNoDisk }
