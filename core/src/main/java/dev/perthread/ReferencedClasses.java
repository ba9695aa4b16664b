package dev.perthread;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * All classes that the code of the library refers to, its own and the JDK's, loaded by the library's own class loader. The
 * loader of a web application refuses to load anything once the application has been stopped, and logs who asked; the
 * library's threads may then still have work to do. What was loaded before is asked of no loader again.
 */
final class ReferencedClasses {
    private static final String OWN = "dev/perthread/";
    private static final Pattern IN_DESCRIPTOR = Pattern.compile("L([^;<>()]+);");

    private final ClassLoader loader;
    private final Set<String> seen = new HashSet<>();
    private final Deque<String> unread = new ArrayDeque<>(); // of the library's own

    private ReferencedClasses(ClassLoader loader) {
        this.loader = loader;
    }

    /** Loads what is referred to, directly or not, by a class; initializes nothing. */
    static void loadFrom(Class<?> from) {
        ClassLoader loader = from.getClassLoader();
        if (loader == null || loader == ClassLoader.getSystemClassLoader()) {
            return; // is never stopped, and to load on demand is cheaper
        }
        ReferencedClasses all = new ReferencedClasses(loader);
        all.add(from.getName().replace('.', '/'));
        while (!all.unread.isEmpty()) {
            all.read(all.unread.remove());
        }
    }

    private void add(String name) {
        if (!seen.add(name)) {
            return;
        }
        try {
            Class.forName(name.replace('/', '.'), false, loader);
        } catch (ClassNotFoundException | LinkageError | RuntimeException missing) {
            return; // of a module that is not there, or forbidden: then it is not used either, or fails as it always
            // would
        }
        if (name.startsWith(OWN)) {
            unread.add(name);
        }
    }

    private void read(String name) {
        try (InputStream file = loader.getResourceAsStream(name + ".class")) {
            if (file != null) {
                readConstants(new DataInputStream(new BufferedInputStream(file)));
            }
        } catch (IOException | RuntimeException unreadable) {
            // Then this one's are loaded when they are needed, as always.
        }
    }

    /** Names of classes are constants by themselves, and are in the descriptors of what is called or linked. */
    private void readConstants(DataInputStream in) throws IOException {
        in.skipNBytes(8); // magic and version
        int count = in.readUnsignedShort();
        @Nullable String[] texts = new @Nullable String[count];
        int[] classes = new int[count];
        for (int i = 1; i < count; i++) {
            int tag = in.readUnsignedByte();
            switch (tag) {
                case 1 -> texts[i] = in.readUTF();
                case 7 -> classes[i] = in.readUnsignedShort();
                case 8, 16, 19, 20 -> in.skipNBytes(2);
                case 15 -> in.skipNBytes(3);
                case 5, 6 -> {
                    in.skipNBytes(8);
                    i++; // takes two places
                }
                default -> in.skipNBytes(4);
            }
        }
        for (int i = 1; i < count; i++) {
            String text = texts[i];
            if (text != null) {
                for (Matcher matcher = IN_DESCRIPTOR.matcher(text); matcher.find(); ) {
                    add(matcher.group(1));
                }
            }
            String named = classes[i] == 0 ? null : texts[classes[i]];
            if (named != null && !named.startsWith("[")) {
                add(named);
            }
        }
    }
}
