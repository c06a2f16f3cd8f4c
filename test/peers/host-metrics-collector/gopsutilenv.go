// Package gopsutilenv tells gopsutil where the host's files are: below a root path, unless the environment says otherwise.
package gopsutilenv

import (
	"context"
	"os"
	"path/filepath"

	"github.com/shirou/gopsutil/v4/common"
)

var folders = map[common.EnvKeyType]string{
	common.HostProcEnvKey: "/proc",
	common.HostSysEnvKey:  "/sys",
	common.HostEtcEnvKey:  "/etc",
	common.HostDevEnvKey:  "/dev",
}

func ValidateRootPath(string) error { return nil }

func SetGoPsutilEnvVars(rootPath string) common.EnvMap {
	env := common.EnvMap{}
	for key, folder := range folders {
		if _, ok := os.LookupEnv(string(key)); !ok && rootPath != "" && rootPath != "/" {
			env[key] = filepath.Join(rootPath, folder)
		}
	}
	return env
}

func GetEnvWithContext(ctx context.Context, key, byDefault string, parts ...string) string {
	value := os.Getenv(key)
	if env, ok := ctx.Value(common.EnvKey).(common.EnvMap); ok && env[common.EnvKeyType(key)] != "" {
		value = env[common.EnvKeyType(key)]
	}
	if value == "" {
		value = byDefault
	}
	return filepath.Join(append([]string{value}, parts...)...)
}
