package gitlabtest

import "reflect"

// clone copies everything a world can hold. Unexported links are left out: they are made anew by New.
func clone[T any](v T) T {
	return cloneValue(reflect.ValueOf(&v).Elem()).Interface().(T)
}

func cloneValue(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(cloneValue(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(cloneValue(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(cloneValue(v.Index(i)))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for it := v.MapRange(); it.Next(); {
				out.SetMapIndex(it.Key(), cloneValue(it.Value()))
			}
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Time]() {
			return v
		}
		for i := range v.NumField() {
			if f := v.Field(i); f.CanInterface() {
				out.Field(i).Set(cloneValue(f))
			}
		}
	default:
		return v
	}
	return out
}

// rewrite replaces every text below v, which must be addressable or reached through pointers, slices and maps.
// Map keys stay as they are.
func rewrite(v reflect.Value, change func(string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(change(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			rewrite(v.Elem(), change)
		}
	case reflect.Slice:
		for i := range v.Len() {
			rewrite(v.Index(i), change)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && f.Type() != reflect.TypeFor[Time]() {
				rewrite(f, change)
			}
		}
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(rewritten(v.Elem(), change))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			v.SetMapIndex(it.Key(), rewritten(it.Value(), change))
		}
	}
}

func rewritten(v reflect.Value, change func(string) string) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	rewrite(c, change)
	return c
}

// texts visits every text below v and changes nothing, so that worlds can be checked side by side.
func texts(v reflect.Value, see func(string)) {
	switch v.Kind() {
	case reflect.String:
		see(v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			texts(v.Elem(), see)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), see)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanInterface() && f.Type() != reflect.TypeFor[Time]() {
				texts(f, see)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			texts(it.Value(), see)
		}
	}
}
