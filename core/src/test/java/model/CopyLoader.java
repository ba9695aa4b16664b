// Loads its own, changed copy of the code under test; all else comes from the parent.
package model;

import java.io.IOException;
import java.io.InputStream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;

/** Defines every class of {@code dev.perthread} anew; the test kit is shared. */
public abstract class CopyLoader extends ClassLoader {
    private static final String PACKAGE = "dev.perthread.";

    private final int parsing;

    /**
     * Makes a loader.
     *
     * @param parsing options for the class reader
     */
    protected CopyLoader(int parsing) {
        super(CopyLoader.class.getClassLoader());
        this.parsing = parsing;
    }

    /**
     * What changes a class. It must add no branches, so that frames stay valid.
     *
     * @param writer takes the changed class
     * @param type the class, without package
     * @return the writer, or what comes before it
     */
    protected abstract ClassVisitor change(ClassWriter writer, String type);

    @Override
    protected final Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            if (!name.startsWith(PACKAGE) || name.startsWith(PACKAGE + "testkit.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> known = findLoadedClass(name);
            return known == null ? copy(name) : known;
        }
    }

    private Class<?> copy(String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            ClassReader reader = new ClassReader(in);
            ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
            reader.accept(change(writer, name.substring(PACKAGE.length())), parsing);
            byte[] changed = writer.toByteArray();
            return defineClass(name, changed, 0, changed.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }
}
