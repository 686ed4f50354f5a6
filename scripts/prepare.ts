/**
 * Builds after an install. npm prepares what is linked too, and this package is linked to itself, so that the report in its
 * workspace finds it by name: of the two runs the linked one, which npm tells where the package was resolved from, does nothing.
 */
import { execSync } from 'node:child_process';

if (process.env.npm_package_resolved === undefined) execSync('npm run build', { stdio: 'inherit' });
