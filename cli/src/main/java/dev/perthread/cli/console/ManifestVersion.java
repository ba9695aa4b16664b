package dev.perthread.cli.console;

import picocli.CommandLine.IVersionProvider;

/** The version from the manifest, so that it is written down once, in the build. */
public final class ManifestVersion implements IVersionProvider {
    /** For picocli. */
    public ManifestVersion() {}

    @Override
    public String[] getVersion() {
        String version = ManifestVersion.class.getPackage().getImplementationVersion();
        return new String[] {
            "perthread " + (version == null ? "(not packaged)" : version) + ", Java " + Runtime.version()
        };
    }
}
