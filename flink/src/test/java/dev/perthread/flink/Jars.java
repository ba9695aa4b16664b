package dev.perthread.flink;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** Builds the jars that a job is sent with. */
final class Jars {
    private Jars() {}

    /** A jar of the classes whose names begin so, from where that class comes from. */
    static Path of(Path jar, Class<?> source, String prefix) throws IOException {
        Path origin = origin(source);
        if (!Files.isDirectory(origin)) {
            try (java.nio.file.FileSystem inside = java.nio.file.FileSystems.newFileSystem(origin)) {
                return pack(jar, inside.getPath("/"), prefix);
            }
        }
        return pack(jar, origin, prefix);
    }

    /** The jar that a class comes from. */
    static Path origin(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Path pack(Path jar, Path root, String prefix) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(root)) {
            files = all.filter(Files::isRegularFile).toList();
        }
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file)) {
            for (Path one : files) {
                String name = root.relativize(one).toString();
                if (name.startsWith(prefix)) {
                    out.putNextEntry(new JarEntry(name));
                    Files.copy(one, out);
                    out.closeEntry();
                }
            }
        }
        return jar;
    }
}
