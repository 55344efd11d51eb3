// Renders a chart's templates with Go's own text/template, as Helm does, and the few further functions that ours use. Values
// come as JSON on stdin: {"Values": {...}, "Chart": {...}, "Release": {...}}. Only the standard library, so that Debian's
// golang-go is enough. Usage: go run render.go TEMPLATE... >manifests.yaml
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// JSON is YAML.
func toJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

func nindent(spaces int, text string) string {
	pad := "\n" + strings.Repeat(" ", spaces)
	return pad + strings.ReplaceAll(text, "\n", pad)
}

func main() {
	var data map[string]any
	fatal(json.NewDecoder(os.Stdin).Decode(&data))
	all := template.New("chart").Option("missingkey=error")
	all.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var out bytes.Buffer
			err := all.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
		"dict": func(pairs ...any) map[string]any {
			made := map[string]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				made[pairs[i].(string)] = pairs[i+1]
			}
			return made
		},
		"required": func(message string, value any) (any, error) {
			if value == nil || value == "" {
				return nil, errors.New(message)
			}
			return value, nil
		},
		"quote":     func(value any) (string, error) { return toJSON(fmt.Sprint(value)) },
		"contains":  func(part, whole string) bool { return strings.Contains(whole, part) },
		"nindent":   nindent,
		"sha256sum": func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) },
		"toJson":    toJSON,
		"toYaml":    toJSON,
	})
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		fatal(err)
		_, err = all.New(filepath.Base(file)).Parse(string(text))
		fatal(err)
	}
	for _, file := range os.Args[1:] {
		if strings.HasSuffix(file, ".tpl") {
			continue
		}
		fmt.Println("---")
		fatal(all.ExecuteTemplate(os.Stdout, filepath.Base(file), data))
	}
}
