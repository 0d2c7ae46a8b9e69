import './styles.js';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from './api/query-client.js';
import { App } from './app.js';
import { takeLink } from './sign-in/link.js';
import { theme } from './theme.js';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');
// Before anything else: the secret must not stay in the address bar or the history.
const link = takeLink(window.location, window.history);

createRoot(root).render(
  <StrictMode>
    {/* Both write <style> elements when the page starts; the build made files of them. */}
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={createQueryClient()}>
        <App link={link} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
