package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// set parses text into v. Its errors are for the operator: they show what was
// given and what was expected.
func set(v reflect.Value, text string) error {
	if !v.CanSet() {
		return errors.New("the program's field is not exported")
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Interface().(type) {
	case time.Duration:
		return setDuration(v, text)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		return setBool(v, text)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt(v, text)
	case reflect.Slice:
		return setSlice(v, text)
	default:
		return fmt.Errorf("the program's field has the unsupported type %s", v.Type())
	}
}

func setDuration(v reflect.Value, text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration like 1m30s", text)
	}
	v.SetInt(int64(d))
	return nil
}

func setBool(v reflect.Value, text string) error {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", text)
	}
	v.SetBool(b)
	return nil
}

func setInt(v reflect.Value, text string) error {
	n, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%q is out of range", text)
	}
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	v.SetInt(n)
	return nil
}

// setSlice splits at commas; blanks around elements and empty elements do not
// count, so that a list may end in a comma.
func setSlice(v reflect.Value, text string) error {
	list := reflect.MakeSlice(v.Type(), 0, strings.Count(text, ",")+1)
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := set(element, part); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
	v.Set(list)
	return nil
}
