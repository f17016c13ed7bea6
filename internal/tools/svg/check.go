package svg

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxSize of a picture in bytes.
const MaxSize = 60_000

// Check joins what is wrong with a picture.
func Check(content []byte) error {
	var errs []error
	if len(content) > MaxSize {
		errs = append(errs, fmt.Errorf("%d bytes: want %d at most", len(content), MaxSize))
	}
	said := map[string]string{}
	for d, in := xml.NewDecoder(bytes.NewReader(content)), ""; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		switch t := token.(type) {
		case xml.StartElement:
			in = t.Name.Local
			errs = append(errs, element(t)...)
		case xml.EndElement:
			in = ""
		case xml.CharData:
			said[in] += strings.TrimSpace(string(t))
		}
	}
	for _, name := range []string{"title", "desc"} {
		if said[name] == "" {
			errs = append(errs, fmt.Errorf("no <%s>", name))
		}
	}
	if strings.Contains(said["style"], "url(") || strings.Contains(said["style"], "@import") {
		errs = append(errs, errors.New("the style sheet loads something"))
	}
	return errors.Join(errs...)
}

// element joins what is wrong with one.
func element(e xml.StartElement) (errs []error) {
	if slices.Contains([]string{"image", "script", "use", "foreignObject", "a"}, e.Name.Local) {
		errs = append(errs, fmt.Errorf("<%s>: a picture refers to nothing", e.Name.Local))
	}
	filled := e.Name.Local != "text"
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "href", "style":
			errs = append(errs, fmt.Errorf("<%s>: it has the attribute %s=%q", e.Name.Local, a.Name.Local, a.Value))
		case "fill", "stroke":
			filled = true
			if a.Value != "none" && !slices.ContainsFunc(Palette, func(c struct{ Light, Dark Color }) bool { return string(c.Light) == a.Value }) {
				errs = append(errs, fmt.Errorf("<%s>: %s=%q is not a colour of the palette", e.Name.Local, a.Name.Local, a.Value))
			}
		}
	}
	if !filled {
		errs = append(errs, errors.New("<text>: without a colour it is black by night too"))
	}
	return errs
}
