// oracle builds kustomizations with kustomize's own build command, many in one process: a folder a line on stdin, one JSON
// answer a line on stdout. What kustomize keeps between builds (its OpenAPI schema) is forgotten before each when the line
// says so ("!folder"); a difference that the fuzzer finds here counts only once the real command shows it too.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

type answer struct {
	OK     bool   `json:"ok"`
	Output string `json:"output"`
	Error  string `json:"error"`
}

func run(dir string) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Error: fmt.Sprint("panic: ", problem)}
		}
	}()
	var out bytes.Buffer
	command := build.NewCmdBuild(filesys.MakeFsOnDisk(), build.MakeHelp("kustomize", "build"), &out)
	command.SetArgs([]string{dir})
	command.SilenceErrors = true
	if err := command.Execute(); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{OK: true, Output: out.String()}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	for lines.Scan() {
		dir := lines.Text()
		if strings.HasPrefix(dir, "!") {
			openapi.ResetOpenAPI()
			dir = dir[1:]
		}
		if err := answers.Encode(run(dir)); err != nil {
			os.Exit(1)
		}
	}
}
